"""`make slurm-up` and `make slurm-down`."""

from pathlib import Path

import pytest

from headgate.testing.slurm import unavailable
from headgate.testing.slurm_kept import down, up

pytestmark = pytest.mark.xdist_group("slurm")


@pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one")
def test_a_cluster_stays_until_it_is_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "slurm.json"
    try:
        assert up(state, ["--nodes", "1"]) == 0
        conf = Path(capfd.readouterr().out.strip().removeprefix("export SLURM_CONF="))
        assert conf.exists()
        assert up(state, []) == 1
    finally:
        assert down(state) == 0
    assert not state.exists()
    assert not conf.exists()


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "slurm.json"
    state.write_text('{"pid": 1, "began": 999999999999}')
    assert down(state) == 0
    assert not state.exists()
