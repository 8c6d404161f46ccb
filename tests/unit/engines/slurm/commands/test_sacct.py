"""engines/slurm/commands/sacct.py: the components of heterogeneous jobs, whose ids are `1+0`, `1+1`."""

import pytest

from headgate.engines.command.outcomes import Done
from headgate.engines.slurm.commands.answers import Garbled
from headgate.engines.slurm.commands.sacct import FIELDS, Record, Sacct

LINE = "sbatch --comment=t+0 --ntasks=1 : --comment=t+1 --ntasks=2"


def read(*ids: tuple[str, str]) -> list[Record]:
    """What it makes of rows with these ids and raw ids."""
    rows: list[tuple[str, ...]] = [FIELDS]
    for one, own in ids:
        said = dict.fromkeys(FIELDS, "") | {"JobID": one, "JobIDRaw": own, "State": "FAILED"}
        said |= {"ExitCode": "3:0", "Start": "10", "End": "20", "Submit": "5", "UID": "7", "SubmitLine": LINE}
        rows.append(tuple(said[name] for name in FIELDS))
    text = "".join("\x1fx".join((*row, "")) + "\n" for row in rows)
    return Sacct("x").parse(Done(0, text.encode(), b""))


def test_a_component_is_told_from_a_job_an_element_and_a_step() -> None:
    found = read(("4+0", "4"), ("4+0.batch", "4.batch"), ("4+1", "5"), ("6_2", "7"), ("8", "8"))
    assert [(one.array, one.component, one.step, one.own) for one in found] == [
        (4, 0, "", "4"), (4, 0, "batch", "4.batch"), (4, 1, "", "5"), (6, None, "", "7"), (8, None, "", "8"),
    ]  # fmt: skip
    assert all(one.carries("t+0") for one in found)


def test_a_component_without_an_id_of_its_own_is_not_understood() -> None:
    with pytest.raises(Garbled):
        read(("4+1", ""))
