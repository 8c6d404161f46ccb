"""docs/tutorial/sessions.md: what stands there is what runs here, with fewer requests."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory

from headgate.client.api import Client
from headgate.testing.server import running

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "sessions.md"
_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
REQUESTS = 2_000


def test_the_tutorial_of_sessions_does_what_it_says(tmp_path: Path) -> None:
    found = [(kind, textwrap.dedent(block)) for kind, block in _BLOCK.findall(PAGE.read_text())]
    blocks = [block for kind, block in found if kind != "sh"]
    service, registration, client = blocks
    # Folders of pytest are closed to the account of the user.
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        (Path(place) / "pi_service.py").write_text(service)
        use(tmp_path, registration.replace("/opt/pi", place), client)


def use(tmp_path: Path, registration: str, client: str) -> None:
    program = tmp_path / "ask_pi.py"
    program.write_text(client.replace("100_000", str(REQUESTS)))
    with running(tmp_path / "data") as server:
        server.add_user("alice", "pw", os_account="nobody")
        services = tmp_path / "data" / "services"
        services.mkdir(mode=0o755, exist_ok=True)
        file = services / "Pi.toml"
        file.write_text(registration)
        file.chmod(0o644)
        assert "good" in server.command("service", "check", str(file)).stdout
        with Client(server.url, user=("alice", "pw")) as logged_in:
            token = logged_in.create_token().token
        environment = {**os.environ, "HEADGATE_URL": server.url, "HEADGATE_TOKEN": token}
        done = subprocess.run(
            [sys.executable, str(program)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert re.search(r"pi is about 3\.1[34]", done.stdout), done.stdout
