"""What time asks: give work to the engine, take what it reports, stop what is to be stopped, expire what is
over.

Deciding, pure but for the store transaction it happens in: `board.py` knows what is free and what runs
where, `lanes.py` what a lane holds; `placement.py` chooses cores, `reservation.py` what is kept for a job
that does not fit; `scheduling.py` walks the queue, `handing.py` marks what was handed out, `launching.py`
turns it into something an engine can start; `winding.py` ends jobs and runs NodeRelease; `cycle.py` is all of
that in order.

Acting: `dispatcher.py` is the loop, `acting.py` its side of the engine, `timing.py` how long it waits. After
a start `stock.py` finds what an earlier life of the server has left, and `recovery.py` judges what has become
of it.
"""

from headgate.dispatcher.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
