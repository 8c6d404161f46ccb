"""The settings of mail: the table `[mail]`."""

from typing import Literal

from msgspec import Struct

from headgate.core.mailing import MailPolicy

PORTS = {"none": 25, "starttls": 587, "tls": 465}


class MailSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a `host` no mail is sent. Times in seconds.

    port: 0: the usual one of `tls`. username, password_file: for servers that ask; the file is for our
    account alone (0600). sender: the address that mails are from. domains: to which mails may go,
    `example.org`, `*.example.org`, or `*` for any; none named: nowhere. ca_file: certificates (PEM) to
    believe besides those of the system. per_user_hourly: mails about one user's jobs; the rest is dropped.
    per_minute: mails in all; the rest waits. retry_s: until a mail is tried again, at first. give_up_s: how
    old news may be.
    """

    host: str = ""
    port: int = 0
    tls: Literal["none", "starttls", "tls"] = "starttls"
    ca_file: str = ""
    username: str = ""
    password_file: str = ""
    sender: str = ""
    domains: list[str] = []
    per_user_hourly: int = 60
    per_minute: int = 60
    timeout_s: float = 15.0
    retry_s: float = 30.0
    give_up_s: float = 86400.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("port is 0 to 65535 (0: the usual one)")
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file go together")
        if self.username and self.tls == "none":
            raise ValueError("a password is not sent in the clear: set tls to starttls or tls")
        if self.host and not MailPolicy(sends=True, domains=("*",)).allows(self.sender):
            raise ValueError("sender is the address that mails are from (headgate@example.org)")
        if not all(domain.strip() == domain and domain for domain in self.domains):
            raise ValueError("domains are names like example.org, *.example.org, or *")
        for name in ("per_user_hourly", "per_minute", "timeout_s", "retry_s", "give_up_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is more than 0")

    def policy(self) -> MailPolicy:
        """Whether and where to mails are sent."""
        return MailPolicy(sends=bool(self.host), domains=tuple(self.domains))
