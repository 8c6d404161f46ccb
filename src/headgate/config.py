"""Settings: a TOML file < `HEADGATE_*` variables < flags of the command line, each value with where it came
from.

A variable is the path of a setting in capitals with two underscores between its steps:
`HEADGATE_SERVER__PORT`. Lists and tables in a variable are written as in TOML. Variables without two
underscores are not settings and are left alone. Plugins declare their own options; they are read from the
table under their name (`[engine.local]`). What nobody declares is refused with the nearest known name: a
misspelt limit must not silently be no limit.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from headgate.broker.settings import SoaSettings
from headgate.core.errors import StartupRefused
from headgate.notify.settings import MailSettings
from headgate.objects.settings import ObjectStorageSettings

PREFIX: Final = "HEADGATE_"
DEFAULT: Final = "default"
SECRET_NAMES: Final = ("password", "secret", "secret_key", "token")
"""Last words of the names of settings that are never shown."""


class ServerSettings(Struct, frozen=True, kw_only=True):
    """The table `[server]`. Sizes in bytes, times in seconds (`_s`), `keep_finished` in days.

    data: the folder of this installation. public_url: under which clients reach the server, where that
    differs (a proxy). cluster_name, hpcpack_version: what HPC Pack clients are told. time_zone: of the faces
    that speak local time. drain_s: how long requests may take to finish after SIGTERM. password_kept_s: a
    checked password is taken for so long without another check. token_lasts: days until a token of `headgate
    login` expires. fronts: processes that do HTTP and TLS for the server; 0: it does so itself.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    fronts: int = 0
    data: str = ""
    engine: str = "local"
    public_url: str = ""
    cluster_name: str = ""
    hpcpack_version: str = "5.3.6450.0"
    time_zone: str = "UTC"
    keep_finished: float = 5.0
    body_limit: int = 16 * 1024 * 1024
    body_timeout_s: float = 60.0
    header_limit: int = 64 * 1024
    header_timeout_s: float = 10.0
    keep_alive_s: float = 75.0
    drain_s: float = 30.0
    password_kept_s: float = 60.0
    token_lasts: float = 30.0
    tls_cert: str = ""
    tls_key: str = ""
    tls_self_signed: bool = False
    insecure: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError("port is 0 to 65535 (0: any free one)")
        if not 0 <= self.fronts <= 64:
            raise ValueError("fronts is 0 to 64 (0: HTTP in the server's own process)")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_cert and self.tls_self_signed:
            raise ValueError("tls_self_signed makes a certificate; tls_cert has one already")
        for name in ("body_limit", "header_limit", "body_timeout_s", "header_timeout_s", "keep_alive_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is more than 0")
        for name in ("keep_finished", "drain_s", "password_kept_s", "token_lasts"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is not negative")
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"time_zone {self.time_zone!r} is not known (Europe/Berlin is one)") from None


class StorageSettings(Struct, frozen=True, kw_only=True):
    """The table `[storage]`. root: where each user has a folder of their name; empty: the home of their OS
    account.
    """

    root: str = ""

    def __post_init__(self) -> None:
        if self.root and (not self.root.startswith("/") or ".." in self.root.split("/")):
            raise ValueError("root is an absolute path")


class QueueSettings(Struct, frozen=True, kw_only=True):
    """A table `[queues.NAME]`: a queue to make where there is none; later the store says what it is.

    The names are those of `core.model.Queue`; limits and defaults are tables by the names of resources, with
    values as text (`maxima = {walltime = "24:00:00", mem = "4gb"}`).
    """

    description: str = ""
    priority: int = 2000
    default: bool = False
    mode: str = "fifo"
    enabled: bool = True
    started: bool = True
    allowed_users: list[str] = []
    denied_users: list[str] = []
    allowed_groups: list[str] = []
    denied_groups: list[str] = []
    defaults: dict[str, str] = {}
    minima: dict[str, str] = {}
    maxima: dict[str, str] = {}
    max_running: int | None = None
    max_running_per_user: int | None = None
    max_queued_per_user: int | None = None
    max_nodes_running: int | None = None
    restricted: list[str] = []
    allowed_types: list[str] = []
    excluded_types: list[str] = []


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that is set. `engine` and `face` hold the options of each plugin under its name."""

    server: ServerSettings = ServerSettings()
    engine: dict[str, Struct] = {}
    queues: dict[str, QueueSettings] = {}
    storage: StorageSettings = StorageSettings()
    mail: MailSettings = MailSettings()
    object_storage: ObjectStorageSettings = ObjectStorageSettings()
    soa: SoaSettings = SoaSettings()
    face: dict[str, Struct] = {}


class Plugins(Struct, frozen=True):
    """The options that plugins declare, by their names: `[engine.NAME]`, and `[NAME]` for a face."""

    engine: dict[str, type[Struct]] = {}
    face: dict[str, type[Struct]] = {}


class Shown(Struct, frozen=True):
    """One effective setting as `config show` prints it."""

    path: str
    value: str
    source: str


class Loaded(Struct, frozen=True):
    """The settings, and for every path that was set where it came from."""

    settings: Settings
    sources: dict[str, str]

    def shown(self) -> Iterator[Shown]:
        """Every setting, secrets masked."""
        yield from self._table("server", self.settings.server)
        for name, options in self.settings.engine.items():
            yield from self._table(f"engine.{name}", options)
        for name, queue in self.settings.queues.items():
            yield from self._table(f"queues.{name}", queue)
        yield from self._table("storage", self.settings.storage)
        yield from self._table("mail", self.settings.mail)
        yield from self._table("object_storage", self.settings.object_storage)
        yield from self._table("soa", self.settings.soa)
        for name, options in self.settings.face.items():
            yield from self._table(name, options)

    def _table(self, path: str, table: Struct) -> Iterator[Shown]:
        for name in table.__struct_fields__:
            value = getattr(table, name)
            text = '"…"' if value and name.endswith(SECRET_NAMES) else _as_toml(value)
            yield Shown(f"{path}.{name}", text, self._source(f"{path}.{name}"))

    def _source(self, path: str) -> str:
        inside = [
            source for known, source in self.sources.items() if known.startswith((path + ".", path + "["))
        ]
        return self.sources.get(path) or (inside[-1] if inside else DEFAULT)


def load(
    file: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, object],
    plugins: Plugins,
) -> Loaded:
    """Read the settings. `flags`: path to value. Raises StartupRefused."""
    root: dict[str, Any] = {
        "server": ServerSettings,
        "engine": plugins.engine,
        "queues": dict[str, QueueSettings],
        "storage": StorageSettings,
        "mail": MailSettings,
        "object_storage": ObjectStorageSettings,
        "soa": SoaSettings,
        **plugins.face,
    }
    tree: dict[str, Any] = {}
    sources: dict[str, str] = {}
    if file is not None:
        for path, value in _leaves((), _read(file)):
            _put(tree, sources, root, path, value, f"file {file}")
    for name in sorted(environ):
        if name.startswith(PREFIX) and "__" in name[len(PREFIX) :]:
            path = tuple(name[len(PREFIX) :].lower().split("__"))
            source = f"variable {name}"
            wanted = _type_at(root, path, source)
            _put(tree, sources, root, path, _from_text(environ[name], wanted, source), source)
    for dotted, value in flags.items():
        _put(
            tree,
            sources,
            root,
            tuple(dotted.split(".")),
            value,
            f"flag --{dotted.split('.')[-1].replace('_', '-')}",
        )
    settings = Settings(
        server=_convert(tree.get("server", {}), ServerSettings, "server", sources),
        engine={
            name: _convert(tree.get("engine", {}).get(name, {}), options, f"engine.{name}", sources)
            for name, options in plugins.engine.items()
        },
        queues=_convert(tree.get("queues", {}), dict[str, QueueSettings], "queues", sources),
        storage=_convert(tree.get("storage", {}), StorageSettings, "storage", sources),
        mail=_convert(tree.get("mail", {}), MailSettings, "mail", sources),
        object_storage=_convert(
            tree.get("object_storage", {}), ObjectStorageSettings, "object_storage", sources
        ),
        soa=_convert(tree.get("soa", {}), SoaSettings, "soa", sources),
        face={
            name: _convert(tree.get(name, {}), options, name, sources)
            for name, options in plugins.face.items()
        },
    )
    return Loaded(settings, sources)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise StartupRefused(f"The settings file {file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupRefused(f"The settings file {file} is not TOML: {error}.") from None


def _leaves(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    elif path:
        yield path, value


def _put(
    tree: dict[str, Any],
    sources: dict[str, str],
    root: dict[str, Any],
    path: tuple[str, ...],
    value: object,
    source: str,
) -> None:
    _check_inside(_type_at(root, path, source), value, ".".join(path), source)
    here = tree
    for step in path[:-1]:
        here = here.setdefault(step, {})
        if not isinstance(here, dict):
            raise StartupRefused(f"{'.'.join(path)} ({source}): {step} is not a table.")
    here[path[-1]] = value
    sources[".".join(path)] = source


def _type_at(root: dict[str, Any], path: tuple[str, ...], source: str) -> Any:
    """The declared type of a setting. Raises StartupRefused for a path that nobody declares."""
    here: Any = root
    for depth, step in enumerate(path):
        if not isinstance(here, dict):
            here = _fields(here)
        if here is None:
            raise StartupRefused(f"{'.'.join(path)} ({source}): {'.'.join(path[:depth])} has no parts.")
        if "*" in here:
            here = here["*"]
            continue
        if step not in here:
            near = difflib.get_close_matches(step, list(here), n=1, cutoff=0.5)
            known = ".".join((*path[:depth], near[0])) if near else ""
            hint = f"; did you mean {known}?" if known else f" (known: {', '.join(sorted(here))})."
            raise StartupRefused(f"{'.'.join(path[: depth + 1])} ({source}) is not a setting{hint}")
        here = here[step]
    return here


def _fields(wanted: Any) -> dict[str, Any] | None:
    """The parts of a type by name; `*` for a table with any names; None when it has none."""
    info = wanted if isinstance(wanted, types.Type) else types.type_info(wanted)
    if isinstance(info, types.UnionType):
        return next((found for one in info.types if (found := _fields(one)) is not None), None)
    if isinstance(info, types.StructType):
        return {field.encode_name: field.type for field in info.fields}
    if isinstance(info, types.DictType):
        return {"*": info.value_type}
    return None


def _check_inside(wanted: Any, value: object, path: str, source: str) -> None:
    """Refuse unknown names within a list or table that was given as one value."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            raise StartupRefused(f"{path} ({source}) is a table.")
        return
    info = wanted if isinstance(wanted, types.Type) else types.type_info(wanted)
    if isinstance(value, list) and isinstance(info, types.ListType | types.VarTupleType):
        for number, item in enumerate(value):
            _check_inside(info.item_type, item, f"{path}[{number}]", source)
    elif (fields := _fields(info)) is not None:
        if not isinstance(value, dict):
            raise StartupRefused(f"{path} ({source}) is a table.")
        for key, inner in value.items():
            if "*" not in fields and key not in fields:
                near = difflib.get_close_matches(key, list(fields), n=1, cutoff=0.5)
                hint = f"; did you mean {near[0]}?" if near else f" (known: {', '.join(sorted(fields))})."
                raise StartupRefused(f"{path}.{key} ({source}) is not a setting{hint}")
            _check_inside(fields.get(key, fields.get("*")), inner, f"{path}.{key}", source)


def _from_text(text: str, wanted: Any, source: str) -> object:
    """The value of a variable. Numbers and truth values are left to `_convert`; lists and tables are TOML."""
    if isinstance(wanted, dict):
        raise StartupRefused(f"{source} names a table, not a setting.")
    info = wanted if isinstance(wanted, types.Type) else types.type_info(wanted)
    item = info.item_type if isinstance(info, types.ListType | types.VarTupleType) else None
    if item is None and _fields(info) is None:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if isinstance(item, types.StrType):
            return [item.strip() for item in text.split(",") if item.strip()]
        raise StartupRefused(f"{source} is not written as in TOML.") from None


def _convert(value: object, wanted: Any, path: str, sources: Mapping[str, str]) -> Any:
    try:
        return msgspec.convert(value, wanted, strict=False)
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at ")
        where = path + re.sub(r"^\$|`", "", at.strip("`"))
        source = sources.get(re.sub(r"\[.*", "", where))
        raise StartupRefused(f"{where}{f' ({source})' if source else ''}: {said}.") from None


def _as_toml(value: object) -> str:
    if isinstance(value, Struct):
        inner = ", ".join(f"{name} = {_as_toml(getattr(value, name))}" for name in value.__struct_fields__)
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return msgspec.json.encode(value).decode()
