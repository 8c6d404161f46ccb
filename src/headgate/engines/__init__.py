"""What runs the work: one folder per engine, each an implementation of `headgate.ports.engine.Engine`.

`local` runs tasks on this machine. Only this layer may start processes. Nothing is imported here: the
processes of an engine import its modules too, and should stay small.
"""
