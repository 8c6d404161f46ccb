"""Which version a client speaks, and so which error format it understands (spec windowshpc, 1.2). Pure."""

from typing import Final

from msgspec import Struct

FAULTS_SINCE: Final = "2011-11"
"""From this version on, refusals are faults. Versions compare as text, being dates. A published client of
sessions in C says `2011-11`, without the day.
"""


class Version(Struct, frozen=True):
    """What a request says about itself. `said` is its api-version; empty: none."""

    said: str = ""
    old: bool = False
    """CCP_Version is there, which asks for the old error format."""

    @property
    def known(self) -> bool:
        """Whether there is an api-version, and one of which operations that require it are thought."""
        return self.said >= FAULTS_SINCE

    @property
    def faults(self) -> bool:
        """Whether the client reads faults."""
        return self.known and not self.old


def version(header: str, parameter: str, ccp: str | None) -> Version:
    """The version of a request: the header wins over the parameter (1.2). ccp None: no such header."""
    return Version(header.strip() or parameter.strip(), ccp is not None)
