"""The services that are registered: the built-in ones, and a folder of files that only administrators may
write.

A file is believed only when it, and the folder, belong to root or to the server's account and nobody else may
write them: what stands in it is started with the rights of everybody who asks for the service. The folder is
read again when something in it has changed.
"""

import os
import stat
from pathlib import Path
from typing import Final

from msgspec import Struct

from headgate.core.errors import BadRequest, HeadgateError, NotFound
from headgate.core.soa import Registration
from headgate.formats import service_files

BUILT_IN: Final = (
    Registration(
        name="CcpEchoSvc", python="headgate.soa.echo:CcpEchoSvc", operations=("Echo", "GenericOperation")
    ),
)
ENDING: Final = ".toml"
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class Found(Struct, frozen=True):
    """A file of the folder, or a built-in service (file: empty): what it registers, or what is wrong."""

    file: str
    registration: Registration | None = None
    wrong: str = ""


class Registrations:
    """`ports.broker.Services` over a folder, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: object = None
        self._found: tuple[Found, ...] = ()

    def all(self) -> tuple[Found, ...]:
        """Everything there is, by name, those that are wrong last."""
        mark = self._mark()
        if mark != self._seen:
            self._found = tuple(self._read())
            self._seen = mark
        return self._found

    def find(self, name: str, version: str = "") -> Registration:
        """See ports.broker.Services."""
        known = self._named(name)
        if not version:
            return known[0]
        wanted = _key(version)
        for one in known:
            if one.version == version or (wanted is not None and _key(one.version) == wanted):
                return one
        there = ", ".join(one.version or "(without a version)" for one in known)
        raise NotFound(
            f"There is no version {version[:40]!r} of the service {name}; there are: {there}.",
            kind="service",
            code="ServiceVersion_NotFound",
        )

    def versions(self, name: str) -> tuple[str, ...]:
        """See ports.broker.Services; a service without versions has the one that is called 1.0."""
        return tuple(one.version or "1.0" for one in self._named(name))

    def _named(self, name: str) -> list[Registration]:
        found = self.all()
        folded = name.casefold()
        known = [
            one.registration
            for one in found
            if one.registration is not None and one.registration.name.casefold() == folded
        ]
        if known:
            return sorted(known, key=lambda one: service_files.version_key(one.version), reverse=True)
        for one in found:
            stem = Path(one.file).stem.casefold()
            if one.wrong and (stem == folded or stem.startswith(folded + "_")):
                raise BadRequest(
                    f"The service {name} is registered in a way that can't be used: {one.file}: {one.wrong}",
                    code="ConfigFile_Invalid",
                )
        raise NotFound(
            f"There is no service {name[:80]!r} registered here.", kind="service", code="Service_NotFound"
        )

    def _mark(self) -> object:
        try:
            entries = [(entry.name, entry.stat(follow_symlinks=False)) for entry in os.scandir(self.folder)]
            own = self.folder.stat()
        except OSError as error:
            return error.errno
        marks = sorted((name, at.st_mtime_ns, at.st_ctime_ns, at.st_size) for name, at in entries)
        return (own.st_mode, own.st_uid, *marks)

    def _read(self) -> list[Found]:
        found = [Found("", one) for one in BUILT_IN]
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return found
        except OSError as error:
            return [*found, Found(str(self.folder), wrong=f"it can't be read: {error.strerror}.")]
        wrong = _distrust(self.folder.stat(), "the folder")
        taken = {(one.registration.name.casefold(), "") for one in found if one.registration is not None}
        bad = []
        for name in names:
            if not name.endswith(ENDING) or name.startswith("."):
                continue
            try:
                if wrong:
                    raise BadRequest(wrong)
                registration = read_file(self.folder / name)
                key = (registration.name.casefold(), registration.version)
                if key in taken:
                    raise BadRequest("there is a service of this name and version already.")
            except HeadgateError as error:
                bad.append(Found(name, wrong=error.text))
                continue
            taken.add(key)
            found.append(Found(name, registration))
        found.sort(key=lambda one: one.registration.name.casefold() if one.registration else "")
        return [*found, *bad]


def read_file(path: Path) -> Registration:
    """The registration in a file. Raises BadRequest with the reason."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise BadRequest("it is not a file.")
            if wrong := _distrust(status, "the file"):
                raise BadRequest(wrong)
            content = file.read(service_files.LONGEST + 1)
    except OSError as error:
        raise BadRequest(f"it can't be read: {error.strerror}.") from None
    if len(content) > service_files.LONGEST:
        raise BadRequest(f"it is larger than {service_files.LONGEST} bytes.")
    try:
        return service_files.read(content.decode())
    except UnicodeDecodeError:
        raise BadRequest("it is not UTF-8.") from None


def _distrust(status: os.stat_result, what: str) -> str:
    """Why what stands there is not believed; empty: it is."""
    if status.st_uid not in (0, os.geteuid()):
        return f"{what} belongs to uid {status.st_uid}, neither root nor the server's account."
    if status.st_mode & _OTHERS_MAY_WRITE:
        return f"{what} may be written by others (mode {stat.S_IMODE(status.st_mode):04o})."
    return ""


def _key(version: str) -> tuple[int, ...] | None:
    """The version without zeros at its end: 1.0 is 1.0.0.0."""
    try:
        key = service_files.version_key(version or "1.0")
    except ValueError:
        return None
    while key and not key[-1]:
        key = key[:-1]
    return key
