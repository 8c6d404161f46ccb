"""Whose rights a task has, seen from outside: the real server, as root and not as root."""
