"""What time asks: give work to the engine, take what it reports, stop what is to be stopped, expire what is
over.

`board.py` knows what is free and what runs where; `placement.py` chooses cores; `scheduling.py` walks the
queue and decides; `launching.py` turns a decision into something an engine can start; `winding.py` ends
jobs and runs NodeRelease; `recovery.py` looks up what an earlier life of the server had decided;
`dispatcher.py` is the loop that acts. The first three are pure: decide, then act.
"""

from headgate.dispatcher.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
