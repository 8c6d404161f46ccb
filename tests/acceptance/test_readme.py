"""The README's own commands do what it says: its transcript is compared with what the demo prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNALIKE = (
    (r"/tmp/[\w/.-]*headgate-demo-\w+", "FOLDER"),
    (r"Headgate [\w.]+ ready", "Headgate VERSION ready"),
    (r"http://127\.0\.0\.1:\d+", "URL"),
    (r"says \S+ on core \d+", "says USER on core N"),
    (r"hello from \S+", "hello from HOST"),
)
"""What differs from machine to machine."""


def alike(text: str) -> list[str]:
    """The lines of a transcript without what differs from run to run."""
    for pattern, name in UNALIKE:
        text = re.sub(pattern, name, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def transcript() -> list[str]:
    """The transcript in the README."""
    return alike(re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0])


@pytest.mark.timeout(150)
@pytest.mark.xdist_group("demo")
def test_the_demonstration_prints_what_the_readme_shows() -> None:
    done = subprocess.run(
        [sys.executable, "demo/run.py", "--exit"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = iter(alike(done.stdout))
    for line in transcript():
        if line != "…":
            assert line in printed, f"the demonstration did not print, in this order: {line}\n\n{done.stdout}"
