"""The settings of SOA sessions: the table `[soa]`."""

from msgspec import Struct


class SoaSettings(Struct, frozen=True, kw_only=True):
    """Sizes in bytes, times in seconds.

    registrations: the folder of the files that register services; empty: `services` in the data folder.
    python: the interpreter that hosts are started with, on the nodes; empty: the server's own. memory: what
    all sessions together may hold of messages before they go to disk. spool: how much one interactive session
    may have on disk. max_message: the largest message a session may ask for. shrink_after_s: so long
    there must be too little to do before hosts are let go. session_idle_s: an interactive session without
    SessionIdleTimeout is closed when nobody has used it for so long; 0: never.
    """

    registrations: str = ""
    python: str = ""
    memory: int = 64 * 1024 * 1024
    spool: int = 8 * 1024 * 1024 * 1024
    max_message: int = 16 * 1024 * 1024
    shrink_after_s: float = 30.0
    session_idle_s: float = 86400.0

    def __post_init__(self) -> None:
        for name in ("memory", "spool", "max_message", "shrink_after_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is more than 0")
        if self.session_idle_s < 0:
            raise ValueError("session_idle_s is not negative")
