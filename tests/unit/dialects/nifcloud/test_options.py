"""dialects/nifcloud/options.py: what no setting may be."""

import msgspec
import pytest

from headgate.dialects.nifcloud.options import Options


@pytest.mark.parametrize(
    "said",
    [
        {"window_s": 0},
        {"window_s": 901},
        {"connections": 0},
        {"deadline_s": 0},
        {"body_limit": -1},
        {"script_limit": 0},
        {"regions": []},
        {"services": []},
        {"ended_readable_s": -1},
        {"work_directory": "home"},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, Options)


def test_the_defaults_are_the_documented_ones() -> None:
    options = msgspec.convert({}, Options)
    assert (options.connections, options.window_s, options.regions, options.services) == (
        *(10, 300, ("jp-east-1",), ("hpc-api",)),
    )
