"""What can be set of this face: the table `[soca]`."""

from typing import Literal

from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The face of SOCA.

    root_key_file: the file of a key that passes every check; made where there is none, for our account alone
    (0600). Not set: there is no such key. home_root: where each user has a folder of their name, in which
    jobs start and have their directories, and which their account makes if it may; empty: the home of the
    account. jobs_of_others: in lists, `hidden` or without what is private to their owners (`redacted`).
    history: jobs that have ended are shown without being asked for. statuses: `compat` are SOCA's, `strict`
    those that say what happened (spec soca, section 3). payload_limit: bytes of a script.
    """

    root_key_file: str = ""
    home_root: str = ""
    jobs_of_others: Literal["hidden", "redacted"] = "hidden"
    history: bool = False
    statuses: Literal["compat", "strict"] = "compat"
    payload_limit: int = 1024 * 1024

    def __post_init__(self) -> None:
        if self.home_root and not self.home_root.startswith("/"):
            raise ValueError("home_root is an absolute path")
        if self.payload_limit <= 0:
            raise ValueError("payload_limit is more than 0")
