"""Job scripts: how long each flavour takes to read a large one, in this process.

Two shapes: 1 MB of commands behind 100 directives, which must cost next to nothing because the commands are
nobody's business; and 1 MB of directives alone, which may be refused, but not slowly.
"""

import time

from benchmarks.bench import Bench, under
from headgate import registry
from headgate.core.scripts import ScriptError, Submitter
from headgate.ports.flavour import Flavour

BODY_MS = 100
DIRECTIVES_MS = 2000
MEGABYTE = 1_000_000
BY = Submitter(now=1_700_000_000_000_000, file="run.sh")
OPTION = {"pbs": b"#PBS -v A=1\n", "pjm": b"#PJM -x A=1\n", "slurm": b"#SBATCH --comment=abc\n"}
COMMAND = b"echo some words of a command that nobody but the shell reads\n"


def measure(bench: Bench) -> None:
    """See the module."""
    size = bench.size(MEGABYTE, 10_000)
    for name, target in registry.FLAVOURS.items():
        flavour: Flavour = registry.load(target)
        behind = b"#!/bin/sh\n" + OPTION[name] * 100 + COMMAND * (size // len(COMMAND))
        alone = b"#!/bin/sh\n" + OPTION[name] * (size // len(OPTION[name]))
        for what, text, limit in (
            (f"{size / 1e6:g} MB of commands behind 100 directives", behind, BODY_MS),
            (f"{size / 1e6:g} MB of directives", alone, DIRECTIVES_MS),
        ):
            took, said = [], ""
            for _ in range(bench.rounds):
                began = time.perf_counter()
                said = _read(flavour, text)
                took.append((time.perf_counter() - began) * 1000)
            bench.report(f"scripts, {name}: {what}", "ms", took, under(limit), said)


def _read(flavour: Flavour, text: bytes) -> str:
    try:
        flavour.parse(text, BY)
    except ScriptError as error:
        return f"refused at line {error.note.line}"
    return "read"
