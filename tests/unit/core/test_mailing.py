"""Where mails may go."""

import pytest

from headgate.core.mailing import MailPolicy, addresses


@pytest.mark.parametrize(
    ("domains", "address", "allowed"),
    [
        (("example.org",), "ada@example.org", True),
        (("Example.ORG",), "ada@eXample.org", True),
        (("example.org",), "ada@sub.example.org", False),
        (("example.org",), "ada@notexample.org", False),
        (("*.example.org",), "ada@sub.example.org", True),
        (("*.example.org",), "ada@example.org", False),
        (("*",), "ada+x@anywhere", True),
        ((), "ada@example.org", False),
        # Addresses that a mail server may take for more than they look like.
        (("*",), "ada%evil.org@example.org", False),
        (("*",), "evil.org!ada@example.org", False),
        (("*",), '"ada evil"@example.org', False),
        (("*",), "ada@[127.0.0.1]", False),
        (("*",), "ada@example.org\r\nBcc: x@evil.org", False),
        (("*",), "ada@exa\u00e4mple.org", False),
        (("*",), "-oQ/tmp@", False),
    ],
)
def test_mail_goes_to_plain_addresses_in_named_domains(
    domains: tuple[str, ...], address: str, allowed: bool
) -> None:
    assert MailPolicy(sends=True, domains=domains).allows(address) is allowed
    assert not MailPolicy(sends=False, domains=domains).allows(address)


def test_several_addresses_are_taken_apart() -> None:
    assert addresses(" a@x ; b@y,a@x,, ") == ("a@x", "b@y")
    assert addresses("") == ()
