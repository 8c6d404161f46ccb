"""Where tokens are kept between commands: one file of this user alone (0600), an entry for each server.

$XDG_CONFIG_HOME/headgate/servers.json      (~/.config where that is not set)
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from headgate.client.errors import ClientError

FILE: Final = "servers.json"
LOCAL: Final = "http://127.0.0.1:8080"
"""The server that is meant when nobody says which."""


class Known(Struct, frozen=True, kw_only=True):
    """A server we have logged in to. `certificate`: the file its own certificate is checked with."""

    url: str
    user: str
    token: str
    expires: datetime | None = None
    certificate: str = ""
    verify: bool = True


class Servers(Struct, frozen=True, kw_only=True):
    """All of them. `latest` is the one that is meant when nobody says which."""

    latest: str = ""
    known: dict[str, Known] = {}

    def find(self, url: str = "") -> Known | None:
        """What is known of this server, or of the latest."""
        return self.known.get(tidy(url) if url else self.latest)


def tidy(url: str) -> str:
    """One spelling for an address."""
    return url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"


def path(environ: Mapping[str, str]) -> Path:
    """The file."""
    folder = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".config")
    return Path(folder) / "headgate" / FILE


def read(file: Path) -> Servers:
    """What is kept, if anything. Raises ClientError when the file is damaged or others can read it."""
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & 0o077:
                raise ClientError(
                    f"{file} can be read by others; make it yours alone (chmod 600) or log in again."
                )
            return msgspec.json.decode(opened.read(), type=Servers)
    except FileNotFoundError:
        return Servers()
    except (OSError, msgspec.MsgspecError) as error:
        raise ClientError(f"{file} can't be read: {error}") from None


def login(url: str, environ: Mapping[str, str]) -> Known:
    """The server that is meant, and the token for it: of `headgate login`; HEADGATE_URL and HEADGATE_TOKEN
    come first. Raises ClientError when there is no token.
    """
    wanted = url or environ.get("HEADGATE_URL", "")
    token = environ.get("HEADGATE_TOKEN", "")
    known = read(path(environ)).find(wanted)
    if known is None and not token:
        where = f"at {wanted}" if wanted else "anywhere"
        raise ClientError(f"You are not logged in {where}: headgate login --url URL")
    if known is None:
        return Known(url=wanted or LOCAL, user="", token=token)
    return replace(known, url=wanted or known.url, token=token or known.token)


def remember(file: Path, known: Known) -> None:
    """Keep a token; this server is the latest now."""
    present = read(file) if _is_ours(file) else Servers()
    _write(file, Servers(latest=known.url, known={**present.known, known.url: known}))


def forget(file: Path, url: str) -> None:
    """Forget a server."""
    present = read(file)
    left = {name: one for name, one in present.known.items() if name != url}
    latest = present.latest if present.latest in left else next(iter(left), "")
    _write(file, Servers(latest=latest, known=left))


def _is_ours(file: Path) -> bool:
    """A file that others can read is not added to but replaced: what is in it may be known to them."""
    try:
        return not file.stat().st_mode & 0o077
    except FileNotFoundError:
        return False


def _write(file: Path, servers: Servers) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(servers), indent=2) + b"\n")
    draft.replace(file)
