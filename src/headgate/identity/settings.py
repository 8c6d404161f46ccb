"""Settings of who is let in: the table `[soca]`."""

from msgspec import Struct


class SocaSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The face of SOCA.

    root_key_file: the file of a key that passes every check; made where there is none, for our account alone
    (0600). Not set: there is no such key.
    """

    root_key_file: str = ""
