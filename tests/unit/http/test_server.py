"""Addresses."""

import pytest

from headgate.core.errors import StartupRefused
from headgate.http.server import addresses_of, is_loopback, listen, url_of


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
def test_anything_else_can_be_reached_from_elsewhere(host: str) -> None:
    assert not is_loopback(host)


def test_a_host_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StartupRefused, match="not known"):
        addresses_of("no such host", 80)


def test_a_free_port_is_told_and_a_taken_one_refused() -> None:
    first = listen("127.0.0.1", 0)
    try:
        port = first.getsockname()[1]
        assert url_of(first, tls=False) == f"http://127.0.0.1:{port}"
        assert url_of(first, tls=True) == f"https://127.0.0.1:{port}"
        with pytest.raises(StartupRefused, match=f"127.0.0.1:{port}"):
            listen("127.0.0.1", port)
    finally:
        first.close()
