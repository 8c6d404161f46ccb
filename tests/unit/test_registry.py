"""Every registered name leads to something, and every face gets what it asks for."""

import pytest

from headgate import registry
from headgate.app import plugin_options
from headgate.config import ServerSettings


@pytest.mark.parametrize("name", registry.ENGINES)
def test_an_engine_has_a_class_and_options_with_defaults(name: str) -> None:
    plugin = registry.ENGINES[name]
    assert registry.load(plugin.engine).name == name
    registry.load(plugin.options)()
    if plugin.check:
        assert callable(registry.load(plugin.check))


@pytest.mark.parametrize("name", registry.DIALECTS)
def test_a_dialect_has_a_path_of_one_step_and_can_be_built(name: str) -> None:
    plugin = registry.DIALECTS[name]
    assert all(path.startswith("/") and path.count("/") == 1 for path in (plugin.path, *plugin.also))
    assert callable(registry.load(plugin.build))
    assert callable(registry.load(plugin.refusal))


def test_paths_are_not_given_twice() -> None:
    paths = [path.lower() for plugin in registry.DIALECTS.values() for path in (plugin.path, *plugin.also)]
    assert len(set(paths)) == len(paths)


def test_server_settings_have_no_secret() -> None:
    """`config show` prints them all; a secret needs a name that `config.SECRET_NAMES` knows."""
    assert not [
        name for name in ServerSettings.__struct_fields__ if "password" in name and not name.endswith("_s")
    ]
    assert "local" in plugin_options().engine
