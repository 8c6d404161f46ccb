"""The embedded engine: tasks on this machine, nothing installed, surviving the server.

Three kinds of process, each started by the one before:

    server      engine.py        LocalEngine: the `Engine` port over a unix socket
      shepherd  shepherd.py      outlives the server; lanes, reports, who may run as whom
        worker  worker.py        one per running lane, under the task's own account; one task at a time
          task  task.py          what it does for that task, from the first effect to the last process

What they say to each other is in `wire.py`; what must survive a death is in `journal.py` and `state.py`,
and `orphans.py` reads it after one. `linux.py` is all we ask of the kernel, `rights.py` who may run and
how root is dropped, `doctor.py` whether this machine can do it. Start reading at `crew.py`.
"""
