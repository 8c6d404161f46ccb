"""The outside surface of the project: what `make` lists, and what CI runs."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMISED = {"setup", "demo", "test", "check", "bench", "serve", "lock", "clean"}
# The parts of `make check`, of use while working, are told of in docs/how-to/work-on-headgate.md instead.
PARTS = {"lint", "types", "contracts", "quick"}


def listed() -> dict[str, str]:
    """What `make` alone prints: the targets, each with its line."""
    said = subprocess.run(
        ["make", "-C", str(ROOT)], capture_output=True, text=True, check=True, env=_plain_environment()
    )
    return dict(re.findall(r"^ *make ([a-z-]+) +(\S.*)$", said.stdout, re.MULTILINE))


def _plain_environment() -> dict[str, str]:
    """Ours without what a make that runs these tests hands down to its children."""
    return {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}


def test_make_alone_lists_every_target_with_a_line() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE))
    assert set(listed()) == phony - PARTS
    assert set(listed()) >= PROMISED


def test_the_parts_of_check_are_documented() -> None:
    page = (ROOT / "docs" / "how-to" / "work-on-headgate.md").read_text()
    assert not [part for part in PARTS if f"`make {part}`" not in page]


def test_ci_runs_check_and_then_everything() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.findall(r"^make ([a-z]+)", script.read_text(), re.MULTILINE) == ["check", "test"]


def test_shell_scripts_parse() -> None:
    for script in (ROOT / ".ci" / "run", ROOT / "tools" / "find-python", ROOT / "tools" / "system-tools"):
        subprocess.run(["bash", "-n", str(script)], check=True)
