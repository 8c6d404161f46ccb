"""Every line of the reference pages does what its page says, one after another against a fresh server."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.testing.server import Server, running
from tests.reference import FAILS, PAGES, Page

USER = ("curl", "made-for-this-page")
SOON_S = 20
"""For what the lines before have begun. A refused request has changed nothing, so it can be sent again."""
ASK = " -sS -o answer -w '%{http_code}'"
"""The status is what is printed."""


def script(page: Page, server: Server, line: str) -> str:
    """The commands before the table, as somebody whose tasks have an account, and one line of the page."""
    name, password = USER
    setting_up = page.setting_up.replace('user = "admin:', f'user = "{name}:').replace(
        '"$(cat data/initial-admin-password)"', password
    )
    # A page whose face has keys says how its line comes to one.
    setting_up = setting_up.replace(
        "$(headgate token create admin --data data)",
        f"$({sys.executable} -m headgate token create {name} --data data)",
    ).replace("X-SOCA-USER: admin", f"X-SOCA-USER: {name}")
    setting_up = setting_up.replace(
        "headgate key create admin --data data",
        f"{sys.executable} -m headgate key create {name} --data data",
    )
    before, curl, after = line.rpartition("curl -K")  # the last, where one line needs the answer of another
    asked = f"{before}{curl.replace('curl', f'curl{ASK}')}{after}"
    return f"set -e\n{setting_up}\n{asked}".replace("http://127.0.0.1:8080", server.url)


def run(page: Page, server: Server, folder: Path, line: str) -> tuple[int, str]:
    """Status and body of the answer."""
    done = subprocess.run(
        ["bash", "-c", script(page, server, line)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return int(done.stdout), (folder / "answer").read_text()


@pytest.fixture
def storage() -> Iterator[Path]:
    """A folder in which the user has a script that runs for a while."""
    # Not pytest's: that is closed to the accounts that jobs run under.
    made = Path(tempfile.mkdtemp(prefix="headgate-test-"))
    made.chmod(0o755)
    own = made / USER[0]
    own.mkdir()
    (own / "hello.sh").write_text("#!/bin/sh\n#PJM -L elapse=10:00\necho hello\nsleep 300\n")
    if os.geteuid() == 0:
        shutil.chown(own, "nobody")
    yield made
    shutil.rmtree(made)


@pytest.mark.timeout(240)  # all operations of a page are one test
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_line_does_what_the_page_says(page: Page, tmp_path: Path, storage: Path) -> None:
    # One of the pages shows what the root key is for, one submits a script of the user's storage.
    environment = {
        "HEADGATE_SOCA__ROOT_KEY_FILE": str(tmp_path / "root.key"),
        "HEADGATE_STORAGE__ROOT": str(storage),
    }
    with running(tmp_path / "data", environment=environment) as server:
        server.add_user(*USER, role="admin", os_account="nobody")
        for state, line in [(row.state, row.line) for row in page.rows] + [
            ("works", one) for one in page.more
        ]:
            until = time.monotonic() + SOON_S
            status, answer = run(page, server, tmp_path, line)
            while state not in FAILS and status in (400, 404) and time.monotonic() < until:
                time.sleep(0.1)
                status, answer = run(page, server, tmp_path, line)
            wanted = (400, 401, 404, 503) if state in FAILS else (200, 201, 202, 204)
            assert status in wanted, f"{line}\n{status} {answer}"
