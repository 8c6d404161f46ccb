"""The HTTP side: one port, one process, every face behind one gate.

Read `gate.py` first (what every request goes through), then `faces.py` (what a dialect hands over),
`protocol.py` (deadline and size of headers), `websocket.py` (the same care for WebSockets), `server.py`
(listening, draining), `pages.py` (what belongs to no face), `tls.py`, `metrics.py` and `logs.py`.
"""
