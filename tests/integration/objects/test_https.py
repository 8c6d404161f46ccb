"""An object store that speaks TLS, with a certificate of the administrator's own."""

import os
from datetime import UTC, datetime
from pathlib import Path

from headgate.http.certificate import self_signed
from headgate.testing.object_store import object_store
from tests.integration.objects.conftest import Sides


async def test_an_object_store_behind_tls_is_believed_by_its_ca_file_alone(folder: Path) -> None:
    certificate = self_signed(folder / "tls", "127.0.0.1", datetime.now(UTC))
    other, _ = self_signed(folder / "other", "127.0.0.1", datetime.now(UTC))
    certificate[0].chmod(0o600)  # the user can't read it: it was read before
    content = os.urandom(9 << 20)
    with object_store(folder / "s3", certificate) as store:
        sides = Sides(folder, store)
        sides.put("data/large", content)
        sides.put("data/small", b"small")
        for wrong in ("", str(other)):
            sides.ca_file = wrong
            ended = await sides.up()
            assert (ended.done.result, ended.progress.files_done) == (9, 0)
            assert "certificate verify failed" in ended.done.reason.lower()
        sides.ca_file = str(certificate[0])
        assert ((await sides.up()).done.result, sides.kept("data/large")) == (0, content)
        for name in ("large", "small"):
            (sides.root / "data" / name).unlink()
        ended = await sides.down()
        assert (ended.done.result, ended.progress.files_done) == (0, 2)
        assert (sides.root / "data/large").read_bytes() == content
