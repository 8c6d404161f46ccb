"""One large file on its way to a store that is particular."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from headgate.objects import moving
from headgate.objects.bucket import Bucket
from headgate.objects.tree import Tree

PATIENCE_S = 5.0


class InOrder:
    """A bucket that, as `rclone serve s3` does, answers for a part only when it has all parts before it."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.finished: list[str] = []
        self._answered = 0
        self._turn = threading.Condition()

    def begin(self, key: str, mtime: str) -> str:
        return "upload"

    def put_part(self, key: str, upload: str, number: int, content: Any, size: int) -> tuple[str, str]:
        with self._turn:
            assert self._turn.wait_for(lambda: self._answered == number - 1, PATIENCE_S), (
                f"part {number} waits for {self._answered + 1}, which is not sent"
            )
            self.parts[number] = bytes(content)
            self._answered = number
            self._turn.notify_all()
        return f"etag-{number}", ""

    def finish(self, key: str, upload: str, etags: list[str]) -> None:
        self.finished = etags

    def abandon(self, key: str, upload: str) -> None:
        raise AssertionError("the upload was given up")


def test_a_store_that_takes_parts_in_their_order_alone_gets_them_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that held all buffers once waited for one that waited for a buffer: nothing moved any more."""
    monkeypatch.setattr(moving, "PART", 4096)
    content = os.urandom(4096 * 500 + 1)
    (tmp_path / "large").write_bytes(content)
    bucket = InOrder()
    with ThreadPoolExecutor(8) as pool:
        mover = moving.Mover(Tree(str(tmp_path), ""), cast("Bucket", bucket), "", pool, lambda n: None)
        mover.upload("large")
    assert b"".join(bucket.parts[number] for number in sorted(bucket.parts)) == content
    assert bucket.finished == [f"etag-{number}" for number in range(1, 502)]
