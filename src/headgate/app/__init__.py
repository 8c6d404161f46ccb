"""The only place where concrete classes meet.

`installation.py` opens a data folder: store, identity, users, which is what an administration command needs.
`faces.py` gives each dialect what it asks for and puts them behind one gate. `serving.py` is the server's
life from start to end: engine, dispatcher, listening, draining.
"""

from headgate.app.installation import Parts, SystemClock, opened, plugin_options, prepare_data

__all__ = ["Parts", "SystemClock", "opened", "plugin_options", "prepare_data"]
