"""Which addresses a notice about a job may go to. Pure.

`EmailAddress` holds one address or several; what it may look like at all is checked when it is set
(`properties/checks.py`). Here is the narrower question whether mail is sent there: plain addresses, in a
domain that the settings name.
"""

import re
from typing import Final

from msgspec import Struct

ANY: Final = "*"
# Letters, digits and signs that no mail server gives a meaning of its own: `%` and `!` once asked a server to
# pass a mail on to elsewhere, quotes may hold anything.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9._+='~&-]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)", re.ASCII
)


class MailPolicy(Struct, frozen=True):
    """Whether mails are sent, and to which domains: `example.org` alone, `*.example.org` below it,
    `*` any.
    """

    sends: bool = False
    domains: tuple[str, ...] = ()

    def allows(self, address: str) -> bool:
        """Whether a mail may go to this address."""
        found = _ADDRESS.fullmatch(address)
        if not self.sends or found is None:
            return False
        domain = found[1].lower()
        return any(_covers(wanted.lower(), domain) for wanted in self.domains)


NO_MAIL: Final = MailPolicy()


def _covers(wanted: str, domain: str) -> bool:
    return wanted in (ANY, domain) or (wanted.startswith("*.") and domain.endswith(wanted[1:]))


def addresses(text: str) -> tuple[str, ...]:
    """The addresses of an EmailAddress, each once."""
    return tuple(dict.fromkeys(part for item in re.split("[,;]", text) if (part := item.strip())))
