"""One file, one way: whole when it is small, else in parts that travel beside each other.

On the way in the content goes to a temporary file that takes the name at the end; on the way out nothing is
read twice into memory. What arrives is compared with the checksum that the store has, on both ways.
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import BoundedSemaphore, Event
from typing import Any, Final

from headgate.objects.bucket import Body, Broken, Bucket, Trouble
from headgate.objects.comparing import Local, Remote, mtime_text, plain_md5
from headgate.objects.tree import Tree

PART: Final = 8 << 20
"""Bytes of a part, and of the largest object that travels whole."""
BUFFERS: Final = 3
"""So many of them are in memory at once."""
MOST_PARTS: Final = 10_000
"""Of one object (S3)."""
BLOCK: Final = 256 << 10
ATTEMPTS: Final = 3
"""Of a transfer that broke off in its content, which botocore does not repeat."""
PAUSE_S: Final = 0.5

Moved = Callable[[int], None]
"""Called with bytes that have arrived; fewer than none when they have to be brought again."""


class Changed(Exception):
    """The file was changed while it was read."""

    def __init__(self) -> None:
        super().__init__("the file was changed while it was read")


class Mover:
    """Moves files between a tree and a bucket. `parts`: brings the parts of large ones."""

    def __init__(self, tree: Tree, bucket: Bucket, prefix: str, parts: Executor, moved: Moved) -> None:
        self._tree = tree
        self._bucket = bucket
        self._prefix = prefix
        self._parts = parts
        self._moved = moved
        self._buffers = BoundedSemaphore(BUFFERS)
        # An executor begins in order, and there is a buffer for each of its threads: so of all parts that are
        # not there the first is always on its way. Some stores answer in that order alone.
        self._outgoing = ThreadPoolExecutor(BUFFERS)

    # ---- to the object store

    def upload(self, name: str) -> None:
        """Store this file. Raises OSError, Trouble, Changed."""
        with self._tree.reading(name) as descriptor:
            before = os.fstat(descriptor)
            mtime = mtime_text(before.st_mtime_ns)
            if before.st_size <= PART:
                self._upload_whole(name, descriptor, before.st_size, mtime)
            else:
                self._upload_parts(name, descriptor, before.st_size, mtime)
            after = os.fstat(descriptor)
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise Changed

    def _upload_whole(self, name: str, descriptor: int, size: int, mtime: str) -> None:
        key = self._prefix + name
        if size <= BLOCK:
            content = _content(descriptor, 0, size)
            _sent(content, lambda: ("", self._bucket.put(key, content, size, mtime)))
        else:
            with self._buffers:
                content = _content(descriptor, 0, size)
                _sent(content, lambda: ("", self._bucket.put(key, content, size, mtime)))
        self._moved(size)

    def _upload_parts(self, name: str, descriptor: int, size: int, mtime: str) -> None:
        key = self._prefix + name
        upload = self._bucket.begin(key, mtime)

        def send(number: int, first: int, length: int) -> str:
            content = _content(descriptor, first, length)
            etag = _sent(content, lambda: self._bucket.put_part(key, upload, number, content, length))
            self._moved(length)
            return etag

        try:
            self._bucket.finish(key, upload, self._together(self._outgoing, size, send))
        except BaseException:
            try:
                self._bucket.abandon(key, upload)
            except Trouble:
                pass  # the reason is the first trouble; the store's own rules clear away the rest
            raise

    # ---- from the object store

    def download(self, name: str, listed: Remote) -> None:
        """Bring this object. Raises OSError, Trouble."""
        for attempt in range(ATTEMPTS):
            try:
                if listed.size <= PART:
                    return self._download_whole(name)
                return self._download_parts(name)
            except Broken:
                if attempt == ATTEMPTS - 1:
                    raise
            time.sleep(PAUSE_S * 2**attempt * (0.5 + random.random()))  # noqa: S311 - so that not all come at once
        return None

    def _download_whole(self, name: str) -> None:
        body = self._bucket.get(self._prefix + name)
        arrived = 0
        try:
            with self._tree.replacing(name, body.size) as descriptor:
                total = hashlib.md5(usedforsecurity=False)
                while data := body.read(BLOCK):
                    total.update(data)
                    _write(descriptor, data, arrived)
                    arrived += len(data)
                    self._moved(len(data))
                _check(body, arrived, total.hexdigest())
                os.utime(descriptor, ns=(body.facts.mtime_ns, body.facts.mtime_ns))
        except BaseException:
            self._moved(-arrived)
            raise
        finally:
            body.close()

    def _download_parts(self, name: str) -> None:
        key = self._prefix + name
        size, etag, facts = self._bucket.head(key)
        arrived: list[int] = []
        try:
            with self._tree.replacing(name, size) as descriptor:

                def fetch(number: int, begin: int, length: int) -> None:
                    arrived.append(self._fetch(key, etag, descriptor, begin, length))

                wanted = "" if facts.opaque else plain_md5(etag)
                total = hashlib.md5(usedforsecurity=False)

                def add(begin: int, length: int) -> None:
                    """What has arrived is summed up while the rest is on its way."""
                    for at in range(begin, begin + length, BLOCK) if wanted else ():
                        total.update(os.pread(descriptor, min(BLOCK, begin + length - at), at))

                self._together(self._parts, size, fetch, add)
                if wanted and total.hexdigest() != wanted:
                    raise Broken("what arrived is not what the object store says it has")
                os.utime(descriptor, ns=(facts.mtime_ns, facts.mtime_ns))
        except BaseException:
            self._moved(-sum(arrived))
            raise

    def _fetch(self, key: str, etag: str, descriptor: int, begin: int, length: int) -> int:
        for attempt in range(ATTEMPTS):
            body = self._bucket.get(key, etag=etag, first=begin, size=length)
            arrived = 0
            try:
                if body.size != length or not body.range.startswith(f"bytes {begin}-"):
                    raise Trouble("the object store sends another part than was asked for")
                while data := body.read(BLOCK):
                    _write(descriptor, data, begin + arrived)
                    arrived += len(data)
                if arrived != length:
                    raise Broken("the transfer broke off")
                self._moved(length)
                return length
            except Broken:
                if attempt == ATTEMPTS - 1:
                    raise
            finally:
                body.close()
            time.sleep(PAUSE_S * 2**attempt)
        raise Broken("the transfer broke off")

    def _together(
        self,
        parts: Executor,
        size: int,
        move: Callable[[int, int, int], Any],
        after: Callable[[int, int], None] = lambda first, length: None,
    ) -> list[Any]:
        """Move all parts, each by its number from 1, its first byte and its length; what came of each. Calls
        `after` with first byte and length, in order, when a part and all before it have been moved.
        """
        length = max(PART, -(-size // MOST_PARTS))
        stop = Event()

        def one(number: int, first: int) -> Any:
            return None if stop.is_set() else move(number, first, min(length, size - first))

        futures: Sequence[Future[Any]] = [
            parts.submit(one, number, first) for number, first in enumerate(range(0, size, length), 1)
        ]
        try:
            found = []
            for first, future in zip(range(0, size, length), futures, strict=True):
                found.append(future.result())
                after(first, min(length, size - first))
            return found
        finally:
            # The descriptor is closed behind us: none may still be at it.
            stop.set()
            for future in futures:
                future.exception()


def md5_of(descriptor: int) -> str:
    """The MD5 of an open file."""
    total = hashlib.md5(usedforsecurity=False)
    at = 0
    while data := os.pread(descriptor, BLOCK * 4, at):
        total.update(data)
        at += len(data)
    return total.hexdigest()


def file_md5(tree: Tree, name: str, expected: Local) -> str:
    """The MD5 of this file. Raises OSError, Changed."""
    with tree.reading(name) as descriptor:
        found = md5_of(descriptor)
        if os.fstat(descriptor).st_size != expected.size:
            raise Changed
    return found


def _content(descriptor: int, first: int, size: int) -> bytes:
    """A stretch of an open file. Raises Changed where the file ends too early."""
    content = os.pread(descriptor, size, first)
    while len(content) < size:
        more = os.pread(descriptor, size - len(content), first + len(content))
        if not more:
            raise Changed
        content += more
    return content


def _sent(content: bytes, send: Callable[[], tuple[str, str]]) -> str:
    """Send it, again if something else arrived. The ETag. Raises Trouble."""
    for attempt in range(ATTEMPTS):
        etag, arrived = send()
        if not arrived or arrived == hashlib.md5(content, usedforsecurity=False).hexdigest():
            return etag
        time.sleep(PAUSE_S * 2**attempt)
    raise Broken("what arrived there is not what was sent")


def _check(body: Body, arrived: int, md5: str) -> None:
    if arrived != body.size:
        raise Broken("the transfer broke off")
    wanted = "" if body.facts.opaque else plain_md5(body.etag)
    if wanted and wanted != md5:
        raise Broken("what arrived is not what the object store says it has")


def _write(descriptor: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        rest, at = rest[written:], at + written
