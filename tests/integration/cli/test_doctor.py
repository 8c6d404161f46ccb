"""`headgate doctor` on the object store: a real one, asked with right and wrong keys."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.cli.doctor_storage import of_object_store
from headgate.objects.settings import ObjectStorageSettings
from headgate.testing.object_store import ACCESS_KEY, BUCKET, SECRET_KEY, ObjectStore, object_store
from headgate.testing.server import Server


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("store") / "s3") as started:
        yield started


@pytest.mark.parametrize(
    ("wrong", "level", "said"),
    [
        ({}, "good", "can be listed"),
        ({"prefix": "of/{user}"}, "good", "can be listed"),
        ({"secret_key": "wrong"}, "fault", "secret key"),
        ({"access_key": "AKOTHER"}, "fault", "can't be listed"),
        ({"bucket": "missing"}, "fault", "bucket does not exist"),
        ({"endpoint": "http://127.0.0.1:9"}, "fault", "can't be reached"),
    ],
)
def test_the_bucket_is_asked_for(store: ObjectStore, wrong: dict[str, str], level: str, said: str) -> None:
    given: dict[str, Any] = {
        "endpoint": store.url,
        "bucket": BUCKET,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    }
    [(found, text)] = of_object_store(ObjectStorageSettings(**(given | wrong)))
    assert (found, said in text) == (level, True), text
    assert "wrong" not in text


def test_the_doctor_says_whose_storage_is_not_theirs(tmp_path: Path) -> None:
    root = tmp_path / "users"
    (root / "ada").mkdir(parents=True)
    root.chmod(0o755)
    settings = tmp_path / "headgate.toml"
    settings.write_text(f'[storage]\nroot = "{root}"\n')
    fresh = Server(tmp_path / "data")
    for name in ("ada", "ben"):
        fresh.add_user(name, "engine", os_account="nobody")
    fresh.command("key", "create", "ada", "--data", str(fresh.data))
    told = fresh.command("doctor", "--data", str(fresh.data), "--config", str(settings)).stdout
    assert f"root: {root} is the administrator's" in told
    # Not root, all storage is the server's own; ben has no key, so nothing is said of his.
    assert ("The storage of ada," in told) is (os.geteuid() == 0)
    assert "The storage of ben" not in told
