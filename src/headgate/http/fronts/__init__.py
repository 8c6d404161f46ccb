"""HTTP in processes of its own: fronts own the connections of clients, the server ("core") the application.

Read `frames.py` first (what the two say to each other), then `link.py` and `window.py` (how), `relay.py` (a
front: ASGI into frames), `streams.py`, `front.py` and `keeper.py` (the core: frames into ASGI; one front;
keeping so many), `program.py` and `rights.py` (how a front begins, and what it gives up).
"""
