"""What `headgate doctor` says of users' storage and of the object store (`[storage]`, `[object_storage]`).

It asks the object store for the first key of a listing, and writes nothing there or here.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from headgate.core.launch import OsAccount

if TYPE_CHECKING:
    from headgate.objects.settings import ObjectStorageSettings

GOOD, WARNING, FAULT = "good", "warning", "fault"
Finding = tuple[str, str]
_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
TOLD: Final = 20
"""So many users' folders are complained of one by one."""


def of_storage(root: str, accounts: Mapping[str, OsAccount]) -> Iterator[Finding]:
    """Of the folders of users. accounts: of those who can sign; the server's own where that is not root."""
    if root:
        usable = _of_root(Path(root))
        yield usable
        if usable[0] == FAULT:
            return
        yield from _closed_above(Path(root))
        folders = {name: Path(root, name) for name in accounts}
    else:
        if accounts:
            yield GOOD, "[storage] has no root: users' files are in the homes of their OS accounts."
        folders = {name: Path(account.home) for name, account in accounts.items()}
    bad = [
        text
        for name, folder in folders.items()
        if (text := _of_folder(name, folder, accounts[name], is_made=bool(root)))
    ]
    yield from ((WARNING, text) for text in bad[:TOLD])
    if len(bad) > TOLD:
        yield WARNING, f"So it is with {len(bad) - TOLD} more users' storage."


def _of_root(root: Path) -> Finding:
    try:
        status = root.stat()
    except OSError as error:
        return (
            FAULT,
            f"[storage] root: {root} can't be used: {error.strerror}. Users' folders are made in it.",
        )
    if not stat.S_ISDIR(status.st_mode):
        return FAULT, f"[storage] root: {root} is not a folder."
    mode = f"uid {status.st_uid}, mode {status.st_mode & 0o7777:o}"
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & _BY_OTHERS:
        return FAULT, f"[storage] root: {root} can be changed by others ({mode}): nothing is made in it."
    return GOOD, f"[storage] root: {root} is the administrator's alone to change ({mode})."


def _closed_above(root: Path) -> Iterator[Finding]:
    """Where users' processes, which have no rights of root, come to a door that is shut."""
    if os.geteuid() != 0:
        return
    for folder in (root, *root.parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            yield WARNING, f"[storage] root: not everybody may pass {folder}: whom it keeps out has no files."


def _of_folder(user: str, folder: Path, account: OsAccount, *, is_made: bool) -> str:
    """What is wrong with the storage of a user; empty: nothing. is_made: when it is missing."""
    if not folder.is_absolute() or folder == Path("/"):
        return f"The OS account of {user} has no home, so {user} has no storage."
    try:
        # A home may be a link, a folder below the root may not.
        status = folder.lstat() if is_made else folder.stat()
    except FileNotFoundError:
        return "" if is_made else f"The storage of {user}, {folder}, does not exist."
    except OSError as error:
        return f"The storage of {user}, {folder}, can't be looked at: {error.strerror}."
    if not stat.S_ISDIR(status.st_mode):
        return f"The storage of {user}, {folder}, is not a folder."
    if status.st_uid != account.uid:
        whose = f"uid {status.st_uid}, not to {account.name} (uid {account.uid})"
        return f"The storage of {user}, {folder}, belongs to {whose}."
    return ""


def of_object_store(settings: "ObjectStorageSettings") -> Iterator[Finding]:
    """Of the bucket: whether it is there, and whether the access key opens it."""
    if not settings.configured:
        return
    from headgate.http.server import is_loopback
    from headgate.objects.bucket import Bucket, Trouble
    from headgate.objects.messages import Connection

    where = f"The bucket {settings.bucket} at {settings.endpoint}"
    fields = {name: getattr(settings, name) for name in Connection.__struct_fields__}
    try:
        before = settings.prefix.partition("{user}")[0]
        next(Bucket(Connection(**fields)).listing(before), None)
    except (Trouble, OSError, ValueError) as error:
        yield FAULT, f"{where} can't be listed: {error}."
        return
    yield GOOD, f"{where} can be listed with the access key; whether it can be written to was not tried."
    url = urlsplit(settings.endpoint)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        yield (
            WARNING,
            f"[object_storage] endpoint: {settings.endpoint} is no TLS: files go there in the clear.",
        )
