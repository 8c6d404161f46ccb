"""`headgate doctor`: what is right and what is not, before somebody wonders why nothing runs.

It looks at the data folder and the settings as `serve` would use them, and asks the engine and the object
store; it changes nothing.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from headgate.cli.doctor_storage import of_object_store, of_storage
from headgate.cli.serve import ConfigFile
from headgate.core.errors import HeadgateError

if TYPE_CHECKING:
    from headgate.config import ServerSettings, Settings

GOOD, WARNING, FAULT = "good", "warning", "fault"
Finding = tuple[str, str]
LEAST_FREE: Final = 1 << 30
SLOW_SYNC_S: Final = 0.05
MARKS: Final = {GOOD: "ok  ", WARNING: "warn", FAULT: "FAIL"}


def doctor(
    data: Annotated[Path | None, typer.Option(help="Folder of the installation.")] = None,
    config: ConfigFile = None,
    engine: Annotated[str | None, typer.Option(help="What runs the jobs (local, slurm).")] = None,
) -> None:
    """Say what is right and what is not on this machine; 1 when something is wrong."""
    from headgate.app import plugin_options
    from headgate.config import load

    given = {"server.data": data and str(data), "server.engine": engine}
    flags = {name: value for name, value in given.items() if value is not None}
    settings = load(config, os.environ, flags, plugin_options()).settings
    worst = 0
    for level, text in _findings(settings):
        typer.echo(f"{MARKS[level]}  {text}")
        worst = max(worst, level == FAULT)
    raise typer.Exit(worst)


def _findings(settings: "Settings") -> Iterator[Finding]:
    server = settings.server
    yield _python()
    yield _clock()
    if server.data:
        folder = Path(server.data)
        yield from _folder(folder)
        if folder.is_dir():
            yield _space(folder)
            yield _sync(folder)
            yield from _users(folder, settings)
        yield from of_object_store(settings.object_storage)
    else:
        yield WARNING, "No data folder was named (--data DIR), so none was looked at."
    yield from _address(server)
    yield from _engine(settings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return (GOOD if sys.version_info >= (3, 11) else FAULT), f"Python {version} ({sys.executable})"


def _clock() -> Finding:
    if time.time() < 1_700_000_000:  # noqa: TID251  the machine's clock itself is being judged
        return (
            FAULT,
            "The machine's clock is years behind: times of jobs would be wrong, and tokens live for ever.",
        )
    return GOOD, "The machine's clock shows a believable time."


def _folder(folder: Path) -> Iterator[Finding]:
    try:
        status = folder.stat()
    except FileNotFoundError:
        yield WARNING, f"{folder} does not exist yet; the first command that needs it makes it."
        return
    if not folder.is_dir():
        yield FAULT, f"{folder} is not a folder."
        return
    if status.st_uid != os.geteuid():
        yield FAULT, f"{folder} belongs to uid {status.st_uid}, not to you (uid {os.geteuid()})."
    elif status.st_mode & 0o077:
        yield FAULT, f"{folder} is open to others (mode {status.st_mode & 0o777:o}): it must be 0700."
    else:
        yield GOOD, f"{folder} is its owner's alone."
    for secret in ("secret.key", "initial-admin-password", "headgate.db", "tls/key.pem"):
        path = folder / secret
        if path.exists() and path.stat().st_mode & 0o077:
            yield FAULT, f"{path} can be read by others (mode {path.stat().st_mode & 0o777:o})."
    if (folder / "initial-admin-password").exists():
        yield (
            WARNING,
            f"{folder / 'initial-admin-password'} is still there: change that password, delete the file.",
        )


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / (1 << 30):.1f} GiB are free in {folder}."
    return (GOOD if free >= LEAST_FREE else WARNING), text


def _sync(folder: Path) -> Finding:
    """Whether data reaches the disk when told to, and how fast: each answered submission waits for it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            began = time.perf_counter()
            for _ in range(5):
                file.write(b"x" * 4096)
                file.flush()
                os.fsync(file.fileno())
            each = (time.perf_counter() - began) / 5
    except OSError as error:
        return FAULT, f"Data can't be brought to the disk of {folder}: {error.strerror}."
    return (GOOD if each < SLOW_SYNC_S else WARNING), f"A sync to disk takes {each * 1000:.1f} ms."


def _users(folder: Path, settings: "Settings") -> Iterator[Finding]:
    """Who is there, and whether their tasks can run."""
    if not (folder / "headgate.db").exists():
        return
    import asyncio

    from headgate.app import opened
    from headgate.core.errors import NotPermitted

    async def look() -> list[Finding]:
        async with opened(folder, settings) as parts:
            users = [user for user in parts.users.list(None) if not user.disabled]
            found = [(GOOD if users else WARNING, f"{len(users)} users may log in.")]
            if not parts.as_owners and len(users) > 1:
                found.append((WARNING, "All their tasks run under one account: they are one trust domain."))
            accounts = {}
            for user in users:
                try:
                    accounts[user.name] = parts.account_of(user.name)
                except NotPermitted as why:
                    found.append((WARNING, f"Tasks of {user.name} will fail: {why.text}"))
            # Storage is for programs that sign, and for nobody else.
            sign = {key.user for key in parts.access_keys.list(None) if not key.disabled}
            found += of_storage(
                settings.storage.root, {name: accounts[name] for name in sign & set(accounts)}
            )
            prefix = settings.object_storage.prefix
            if settings.object_storage.configured and len(sign) > 1 and "{user}" not in prefix:
                found.append(
                    (WARNING, "[object_storage] prefix has no {user}: all users share the same keys.")
                )
            return found

    try:
        yield from asyncio.run(look())
    except HeadgateError as error:
        yield FAULT, error.text


def _address(server: "ServerSettings") -> Iterator[Finding]:
    from headgate.http.server import addresses_of, is_loopback, listen

    try:
        local = is_loopback(server.host)
        if not local and not (server.tls_cert or server.tls_self_signed):
            level = WARNING if server.insecure else FAULT
            yield level, f"{server.host} can be reached from other machines and there is no TLS."
        family, where = addresses_of(server.host, server.port)[0]
        with socket.socket(family) as asking:
            asking.settimeout(0.5)
            if asking.connect_ex(where) == 0:
                yield WARNING, f"Something listens on {server.host}:{server.port} already (this server?)."
                return
        listen(server.host, server.port).close()
        yield GOOD, f"{server.host}:{server.port} is free to listen on."
    except (HeadgateError, OSError) as error:
        yield FAULT, str(error)


def _engine(settings: "Settings") -> Iterator[Finding]:
    from headgate import registry

    name = settings.server.engine
    plugin = registry.ENGINES.get(name)
    if plugin is None:
        yield FAULT, f"There is no engine {name!r}; there are {', '.join(registry.ENGINES)}."
        return
    if not plugin.check:
        return
    check: Any = registry.load(plugin.check)
    if settings.server.data and Path(settings.server.data).is_dir():
        found = check(Path(settings.server.data) / "engine", settings.engine[name])
    else:
        with tempfile.TemporaryDirectory(prefix="headgate-doctor-") as folder:
            found = check(Path(folder) / "engine", settings.engine[name])
    for one in found:
        yield one.level.value, one.text
