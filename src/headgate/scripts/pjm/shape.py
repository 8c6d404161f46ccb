"""The nodes of a job as they lie: `-L node=` and `shape=` of `--mpi`. Spec pjm, section 3.1."""

from math import prod
from typing import Final

from msgspec import Struct

from headgate.scripts.pjm.quantities import MOST, Bad, read_number
from headgate.scripts.pjm.words import shown

_MODES: Final = ("torus", "mesh", "noncont")
_STRICT: Final = ("strict", "strict-io")
_SHARES: Final = ("io-exclusive", "no-io-exclusive")


class Shape(Struct, frozen=True):
    """The nodes of a job as `-L node=` says them: extents, and the words behind the colons."""

    extents: tuple[int, ...]
    words: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many nodes."""
        return prod(self.extents)

    def __str__(self) -> str:
        return ":".join(("x".join(map(str, self.extents)), *self.words))


def read_shape(text: str) -> Shape:
    """`N[xM[xK]][:MODE][:STRICT][:IO]`. Raises Bad."""
    size, *words = text.split(":")
    parts = size.split("x")
    if len(parts) > 3:
        raise Bad("0003", f"{shown(size)} has more than three dimensions")
    shape = Shape(tuple(read_number(part, 1) for part in parts), tuple(words))
    if shape.count > MOST:
        raise Bad("0057", f"{shown(size)} is greater than the upper limit ({MOST})")
    chosen: set[tuple[str, ...]] = set()
    for word in words:
        family = next((family for family in (_MODES, _STRICT, _SHARES) if word in family), None)
        if family is None:
            raise Bad("0003", f"{shown(word)} is none of {', '.join((*_MODES, *_STRICT, *_SHARES))}")
        if family in chosen:
            raise Bad("0002", f"{shown(word)} and another of {', '.join(family)} exclude each other")
        chosen.add(family)
    if _STRICT in chosen and ("torus" not in words or len(parts) < 3):
        raise Bad("0002", "strict and strict-io need three dimensions and torus")
    if "io-exclusive" in words and "torus" not in words:
        raise Bad("0002", "io-exclusive needs torus")
    return shape


def count_of(shape: str) -> int:
    """The nodes of a kept shape; 0 for none. Raises nothing: what is kept may have been changed since."""
    try:
        return read_shape(shape).count
    except Bad:
        return 0
