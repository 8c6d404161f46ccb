"""Every file: what it says of itself, how long it is, and what may not be in it."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 600
# A docstring with words in it; above it only comments.
OPENING = re.compile(r'(?:\s|#.*\n)*"""\s*[^\s"]')
# A marker that switches a check off, and whatever words stand behind it.
SWITCHED_OFF = re.compile(
    r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?|type:\s*ignore(?:\[[^\]]*\])?)(?P<reason>.*)"
)


def tracked() -> list[Path]:
    """The files in the repository, or the test is skipped where there is no git to ask."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"not a git checkout: {error}")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def name(path: Path) -> str:
    """How a failure names a file."""
    return str(path.relative_to(ROOT))


def test_a_module_opens_by_saying_what_is_in_it() -> None:
    """Those that Alembic numbers are named for what they do."""
    written = [path for path in (ROOT / "src").rglob("*.py") if path.parent.name != "versions"]
    bare = [name(path) for path in written if not OPENING.match(path.read_text())]
    assert not bare, bare


def test_a_long_file_says_why_it_is_one_thing() -> None:
    long = []
    for path in sorted(path for path in tracked() if path.suffix == ".py"):
        lines = path.read_text().splitlines()
        if len(lines) > LONGEST and "one thing" not in " ".join(lines[:15]):
            long.append(f"{name(path)} ({len(lines)} lines)")
    assert not long


def test_every_check_switched_off_carries_its_reason() -> None:
    """The reason stands behind the marker or in a comment on the line above."""
    bare = []
    for path in sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "tests").rglob("*.py")):
        before = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = SWITCHED_OFF.search(line)
            if found and path != Path(__file__):
                said = len(re.findall(r"\w", found["reason"])) >= 8 or before.strip().startswith("#")
                if not said:
                    bare.append(f"{name(path)}:{number}")
            before = line
    assert not bare


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """The folder above a checkout means nothing to anybody else; unless it is one that every machine has."""
    above = str(ROOT.parent)
    spellings = {f"/{part}/" for part in ("work", "home/runner")}
    if above not in ("/", "/tmp", "/root", "/home", "/opt", "/srv", "/usr/src", "/var/tmp"):
        spellings.add(f"{above}/")
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        if path != Path(__file__):
            found += [f"{name(path)}: {spelling}" for spelling in sorted(spellings) if spelling in text]
    assert not found


def test_a_folder_of_tests_is_a_package() -> None:
    """Otherwise two files of one name hide each other."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    bare = [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert not bare, bare
