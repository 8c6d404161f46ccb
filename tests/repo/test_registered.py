"""Everything registered is documented, and every setting has its line."""

from pathlib import Path

import pytest
from msgspec import Struct

from headgate.app import plugin_options
from headgate.broker.settings import SoaSettings
from headgate.config import QueueSettings, ServerSettings, StorageSettings
from headgate.engines.local.options import NodeOptions
from headgate.notify.settings import MailSettings
from headgate.registry import DIALECTS, ENGINES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_every_dialect_has_its_page() -> None:
    missing = [name for name in DIALECTS if not (REFERENCE / f"{name}.md").is_file()]
    assert not missing


def test_every_engine_has_its_page() -> None:
    missing = [name for name in ENGINES if not (REFERENCE / f"{name}-engine.md").is_file()]
    assert not missing


PLUGINS = plugin_options()
TABLES = [
    *(ServerSettings, StorageSettings, QueueSettings, NodeOptions, MailSettings, SoaSettings),
    *PLUGINS.engine.values(),
    *PLUGINS.face.values(),
]


@pytest.mark.parametrize("table", TABLES)
def test_every_setting_is_described(table: type[Struct]) -> None:
    page = (REFERENCE / "settings.md").read_text()
    missing = [name for name in table.__struct_fields__ if f"`{name}`" not in page]
    assert not missing
