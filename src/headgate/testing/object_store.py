"""A real S3 server on loopback for tests and measurements: `rclone serve s3`, and `aws` to judge.

It checks signatures. What is in the bucket lies as files in `folder/BUCKET`, so that a test can look at it,
and break it. Nothing is ended by name.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUCKET = "work"
ACCESS_KEY = "AKTEST"
SECRET_KEY = "secret-of-the-tests"  # noqa: S105 - of a server on loopback that lives as long as a test
START_S = 20.0
_TOOLS = Path(sys.executable).parent


class ObjectStore:
    """One server. Its metadata is kept in memory, so an object's `mtime` is the time of its file.

    certificate: of a server that speaks TLS, and its key (PEM).
    """

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None = None) -> None:
        self.folder = folder
        self.certificate = certificate
        self.bucket = folder / BUCKET
        self.bucket.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> "ObjectStore":
        """Start it and wait until it takes connections."""
        log = self.folder.with_name(self.folder.name + ".log")
        command = [
            str(_TOOLS / "rclone"),
            "serve",
            "s3",
            str(self.folder),
            "--addr",
            f"127.0.0.1:{self.port}",
        ]
        command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull]
        command += ["--vfs-cache-mode", "off", "--quiet"]
        if self.certificate is not None:
            command += ["--cert", str(self.certificate[0]), "--key", str(self.certificate[1])]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={"HOME": os.devnull}
            )
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"the object store did not start:\n{log.read_text()}")

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def settings(self, endpoint: str = "") -> dict[str, str]:
        """The settings of a server that uses it, as variables."""
        values = {
            "endpoint": endpoint or self.url,
            "bucket": BUCKET,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
        }
        return {f"HEADGATE_OBJECT_STORAGE__{name.upper()}": value for name, value in values.items()}

    def aws(self, *arguments: str | Path) -> str:
        """What `aws s3 …` prints."""
        done = subprocess.run(
            [_TOOLS / "aws", "s3", *arguments, "--endpoint-url", self.url],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={
                "PATH": f"{_TOOLS}:/usr/bin:/bin",
                "LC_ALL": "C.UTF-8",
                "HOME": os.devnull,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
        assert done.returncode == 0, f"aws s3 {arguments} ended with {done.returncode}: {done.stderr}"
        return done.stdout


@contextmanager
def object_store(folder: Path, certificate: tuple[Path, Path] | None = None) -> Iterator[ObjectStore]:
    """A server that is ready; gone afterwards."""
    store = ObjectStore(folder, certificate)
    try:
        yield store.start()
    finally:
        store.stop()
