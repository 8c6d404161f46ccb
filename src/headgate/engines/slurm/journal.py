"""The journal: what the engine must know after a restart, one JSON object to a line.

Before sbatch is called there is a line on disk that says so: without one, a submission was certainly never
tried. The id that Slurm gave follows; if it is missing, Slurm is asked for the tag. What is over and was
acknowledged is taken off. A journal that had to be made anew proves nothing about what is older.
"""

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from headgate.core.errors import EngineUnavailable

LARGE = 8 * 1024 * 1024
"""Bytes from which on it is written anew, without what is over."""


class Tried(Struct, frozen=True, tag="tried", kw_only=True):
    """sbatch is about to be called for these instances, which are positions 0… of an array, or a single job.

    part: the comment of the job: the tag of the submission, and which part of it. uid: whose it is. at: when,
    in seconds since the boot of that id.
    """

    part: str
    tag: str
    intent: int
    instances: tuple[int, ...]
    uid: int
    account: str = ""
    at: float = 0.0
    boot: str = ""


class Taken(Struct, frozen=True, tag="taken"):
    """Slurm has it under this id."""

    part: str
    job: int


class Dropped(Struct, frozen=True, tag="dropped"):
    """Slurm certainly does not have it; should it be tried again, a new line says so."""

    part: str


class Over(Struct, frozen=True, tag="over"):
    """The end of these instances was acknowledged."""

    part: str
    instances: tuple[int, ...]


class Born(Struct, frozen=True, tag="born"):
    """The first line. secret: for the names of records, in hexadecimal digits. floor: intents up to this one
    may have been tried by a journal that was lost.
    """

    secret: str
    floor: int = 0


Line = Born | Tried | Taken | Dropped | Over
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


class Story(Struct):
    """What the journal says of one part."""

    tried: Tried
    job: int = 0
    over: set[int] = msgspec.field(default_factory=set)


class Journal:
    """The file. Everything is appended; what is no longer needed is left out when it is opened or large."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._most = LARGE
        self._writing = threading.Lock()
        self.secret = b""
        self.floor = 0
        self.fresh = False
        """It was not there: what is asked about first may be older than it."""

    def open(self, new_secret: str) -> dict[str, Story]:
        """Read it, or make it with this secret. The parts that are not over, by name.

        Raises EngineUnavailable.
        """
        born, kept = self._read(Born(new_secret))
        self.fresh = born.secret == new_secret
        self.secret, self.floor = bytes.fromhex(born.secret), born.floor
        self._rewrite(kept)
        return kept

    def _read(self, born: Born) -> tuple[Born, dict[str, Story]]:
        """Its first line (by default this one), and the parts that are not over. Raises EngineUnavailable."""
        stories: dict[str, Story] = {}
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise _unusable(self._path, error) from None
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        for raw in lines:
            try:
                line = _decode(raw)
            except msgspec.DecodeError:
                continue  # torn by a full disk: what it would have said was not acted upon
            if isinstance(line, Born):
                born = line
            else:
                _tell(stories, line)
        return born, {name: one for name, one in stories.items() if one.over < set(one.tried.instances)}

    def _rewrite(self, stories: dict[str, Story]) -> None:
        lines: list[Line] = [Born(self.secret.hex(), self.floor)]
        for name, story in stories.items():
            lines.append(story.tried)
            if story.job:
                lines.append(Taken(name, story.job))
            if story.over:
                lines.append(Over(name, tuple(sorted(story.over))))
        new = self._path.with_suffix(".new")
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(new, flags, 0o600)
            _write(fd, lines)
            os.fsync(fd)
            self._most = max(LARGE, 2 * os.fstat(fd).st_size)
            new.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise _unusable(self._path, error) from None
        self.close()
        self._fd = fd

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def set_floor(self, intent: int, stories: dict[str, Story]) -> None:
        """Intents up to this one may have been tried by a journal that was lost. Raises EngineUnavailable."""
        self.floor, self.fresh = max(self.floor, intent), False
        self._rewrite(stories)

    def note(self, *lines: Line, sync: bool) -> None:
        """Append; when `sync`, on disk afterwards. Raises EngineUnavailable, and nothing counts as said."""
        with self._writing:
            try:
                _write(self._fd, lines)
                if sync:
                    os.fdatasync(self._fd)
                large = os.fstat(self._fd).st_size > self._most
            except OSError as error:
                raise _unusable(self._path, error) from None
            if sync and large:
                self._most *= 2  # if it can't be written anew, which is no reason not to go on
                with contextlib.suppress(EngineUnavailable):
                    self._rewrite(self._read(Born(self.secret.hex()))[1])


def _tell(stories: dict[str, Story], line: Tried | Taken | Dropped | Over) -> None:
    if isinstance(line, Tried):
        stories[line.part] = Story(line)
        return
    story = stories.get(line.part)
    if story is None:
        return
    if isinstance(line, Taken):
        story.job = line.job
    elif isinstance(line, Over):
        story.over.update(line.instances)
    else:
        del stories[line.part]


def _write(fd: int, lines: Iterable[Line]) -> None:
    # A line that was torn before stands alone in front of the first of these.
    data = memoryview(b"\n" + b"".join(_encode(line) + b"\n" for line in lines))
    while data:
        data = data[os.write(fd, data) :]


def _unusable(path: Path, error: OSError) -> EngineUnavailable:
    return EngineUnavailable(f"The engine's journal {path} can't be used: {error.strerror}.")
