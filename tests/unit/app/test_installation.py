"""app/installation.py: the queues that a new installation has, and what settings describe."""

from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from headgate.app.installation import QUEUES, queue_of, signature_policy
from headgate.config import Plugins, QueueSettings, Settings, load
from headgate.core.errors import StartupRefused
from headgate.core.model import Queue, QueueDefaults, QueueLimits
from headgate.core.queues import check_queue
from headgate.identity import SignaturePolicy

TOML = """
[queues.night]
priority = 1000
allowed_groups = ["chem"]
denied_users = ["*"]
max_running_per_user = 2
defaults = {walltime = "1:00:00", instance_type = "c5.large"}

[queues.night.maxima]
walltime = "24:00:00"
mem = "4gb"
"""


def test_the_queues_out_of_the_box_are_queues_and_one_is_the_default() -> None:
    for queue in QUEUES:
        check_queue(queue)
    assert [queue.name for queue in QUEUES if queue.default] == ["normal"]


def test_a_table_of_settings_describes_a_queue(tmp_path: Path) -> None:
    file = tmp_path / "headgate.toml"
    file.write_text(TOML)
    settings = load(file, {}, {}, Plugins()).settings.queues
    assert queue_of("night", settings["night"]) == Queue(
        name="night",
        priority=1000,
        allowed_groups=("chem",),
        denied_users=("*",),
        max_running_per_user=2,
        defaults=QueueDefaults(runtime_s=3600, resources={"instance_type": "c5.large"}),
        maxima=QueueLimits(runtime_s=86400, memory=4 * 1024**3),
    )


@pytest.mark.parametrize(
    "settings",
    [QueueSettings(priority=5000), QueueSettings(maxima={"wall": "1"}), QueueSettings(minima={"mem": "x"})],
    ids=str,
)
def test_a_table_that_describes_none_is_refused_by_its_name(settings: QueueSettings) -> None:
    with pytest.raises(StartupRefused, match=r"\[queues\.night\]"):
        queue_of("night", settings)


class Signing(Struct, frozen=True):
    """Settings of a face that takes signed requests."""

    regions: tuple[str, ...] = ("jp-east-1", "jp-west-1")
    services: tuple[str, ...] = ("hpc",)
    window_s: int = 900


def with_face(options: Struct) -> Settings:
    return replace(load(None, {}, {}, Plugins()).settings, face={"nifcloud": options})


def test_what_signatures_are_accepted_is_said_by_the_face_that_takes_them() -> None:
    assert signature_policy(load(None, {}, {}, Plugins()).settings) == SignaturePolicy()
    assert signature_policy(with_face(Signing())) == SignaturePolicy(
        regions=("jp-east-1", "jp-west-1"), services=("hpc",), window_s=900
    )


@pytest.mark.parametrize("window", [0, 901])
def test_a_window_out_of_range_is_refused_by_its_name(window: int) -> None:
    with pytest.raises(StartupRefused, match=r"\[nifcloud\] window_s"):
        signature_policy(with_face(Signing(window_s=window)))
