"""The only place where concrete classes meet: data folder, store, identity, service, engine, dispatcher,
faces, server.

`serve` is the server's life from start to end; `opened` is what an administration command needs of it. Both
make and migrate the data folder; only a second `serve` on one folder is refused.
"""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop
from msgspec import Struct

from headgate import __version__, registry
from headgate.config import Loaded, ServerSettings, Settings
from headgate.core.environment import Site
from headgate.core.errors import StartupRefused
from headgate.core.model import Queue, Template
from headgate.dispatcher.dispatcher import Dispatcher, Timing
from headgate.http import logs, tls
from headgate.http.faces import Face
from headgate.http.gate import Gate
from headgate.http.limits import Limits
from headgate.http.metrics import Metrics
from headgate.http.pages import Pages, Signpost
from headgate.http.server import HttpServer, is_loopback, listen, url_of
from headgate.identity import (
    Authority,
    OsAccounts,
    Passwords,
    Tokens,
    create_first_admin,
    derived_key,
    load_secret_key,
)
from headgate.identity.first_start import FILE as FIRST_PASSWORD
from headgate.ports.clock import Clock
from headgate.ports.store import Transaction
from headgate.service.jobs import Jobs
from headgate.service.nodes import Nodes
from headgate.service.tasks import Tasks
from headgate.service.templates import Templates
from headgate.service.users import Users
from headgate.store import HeadgateStore, open_store

OURS: Final = ("headgate.db", "secret.key", FIRST_PASSWORD, "engine", "tls")
"""Names in a data folder by which we know it for one."""
DAY_S: Final = 86400
# What every published sample of the interfaces we speak finds in place (the settings may add to it).
QUEUES: Final = (
    Queue(name="normal", default=True),
    Queue(name="high", priority=3000),
    Queue(name="low", priority=1000),
    Queue(name="small"),
    Queue(name="large"),
)
log = structlog.get_logger("headgate")


class SystemClock:
    """The real time."""

    def now(self) -> int:
        """See ports.Clock."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """See ports.Clock."""
        return time.monotonic()


class Parts(Struct, frozen=True, kw_only=True):
    """What there is of a server without its engine and its listening: enough to administer."""

    data: Path
    key: bytes
    clock: Clock
    store: HeadgateStore
    passwords: Passwords
    identity: Authority
    users: Users


def engine_options() -> dict[str, type[Struct]]:
    """The options of every engine there is, for reading the settings."""
    return {name: registry.load(plugin.options) for name, plugin in registry.ENGINES.items()}


def prepare_data(data: Path) -> Path:
    """The data folder, made if need be, for our account alone. Raises StartupRefused."""
    os.umask(0o077)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = data.stat()
        if status.st_uid != os.geteuid():
            raise StartupRefused(f"The data folder {data} belongs to another account (uid {status.st_uid}).")
        if status.st_mode & 0o077:
            # Closing a folder that holds other things (/tmp, a home) would hurt more than it helps.
            inside = os.listdir(data)
            if inside and not set(inside) & set(OURS):
                raise StartupRefused(
                    f"{data} is open to others and holds other files: name a folder of its own."
                )
            data.chmod(0o700)
    except OSError as error:
        raise StartupRefused(f"The data folder {data} can't be used: {error.strerror}.") from None
    return data.absolute()


@asynccontextmanager
async def opened(data: Path, settings: Settings, *, exclusive: bool = False) -> AsyncIterator[Parts]:
    """Store, identity and users over a data folder. `exclusive` is for the one server.

    Raises StartupRefused.
    """
    data = prepare_data(data)
    clock = SystemClock()
    options = settings.engine.get(settings.server.engine)
    store = open_store(data, clock=clock, new_id=lambda: str(uuid.uuid4()), exclusive=exclusive)
    passwords = Passwords()
    try:
        key = load_secret_key(data)
        identity = Authority(
            store,
            clock,
            passwords,
            Tokens(store, clock, key),
            OsAccounts(getattr(options, "min_uid", 1000), clock.monotonic),
            kept_s=settings.server.password_kept_s,
        )
        users = Users(store, identity, passwords.hash, changed=identity.forget)
        yield Parts(
            data=data, key=key, clock=clock, store=store, passwords=passwords, identity=identity, users=users
        )
    finally:
        passwords.close()
        await store.close()


def serve(loaded: Loaded, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` prints for people. Raises StartupRefused."""
    server = loaded.settings.server
    if not server.data:
        raise StartupRefused("Name the folder for the data: --data DIR.")
    logs.configure(server.log_level, server.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(loaded.settings, announce))


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    server = settings.server
    secure = bool(server.tls_cert) or server.tls_self_signed
    if not secure and not server.insecure and not is_loopback(server.host):
        raise StartupRefused(
            f"{server.host} can be reached from other machines, and without TLS anybody on the way reads "
            "passwords: give --tls-cert and --tls-key, or --tls-self-signed, or --insecure."
        )
    async with opened(Path(server.data), settings, exclusive=True) as parts:
        await parts.store.write(lambda tx: seed(tx, settings))
        password = await create_first_admin(parts.store, parts.passwords, parts.clock, parts.data)
        if password is not None:
            _tell_first_password(parts.data, password, announce)
        context = _tls(server, parts.data)
        listening = listen(server.host, server.port)
        engine = registry.load(registry.ENGINES[server.engine].engine)(
            parts.data / "engine", settings.engine[server.engine]
        )
        dispatcher = Dispatcher(
            parts.store,
            engine,
            parts.identity,
            parts.clock,
            Site(_cluster_name(server), os.uname().nodename),
            timing=Timing(keep_finished=server.keep_finished * DAY_S),
        )
        metrics = Metrics()
        http = HttpServer(
            _application(parts, settings, dispatcher, metrics), listening, _limits(server), context
        )
        serving = asyncio.create_task(http.run())
        await dispatcher.start()
        recovered = asyncio.create_task(dispatcher.ready.wait())
        try:
            await asyncio.wait({serving, recovered}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                url = server.public_url or url_of(listening, tls=context is not None)
                log.info(
                    "server_ready", url=url, engine=server.engine, data=str(parts.data), version=__version__
                )
                announce(f"Headgate {__version__} ready: {url} (engine {server.engine}, data {parts.data})")
            await serving
        finally:
            recovered.cancel()
            http.stop()
            await asyncio.gather(serving, return_exceptions=True)
            await dispatcher.stop()
            log.info("server_stopped")


def seed(tx: Transaction, settings: Settings) -> None:
    """What a new installation holds.

    Later starts add what the settings name and change nothing that is there.
    """
    if tx.meta("seeded") is None:
        tx.put_template(Template(name="Default", description="The template of jobs that name none"))
        for queue in QUEUES:
            tx.put_queue(queue)
        tx.put_meta("seeded", "1")
    known = {queue.name.casefold() for queue in tx.queues()}
    for name, queue_settings in settings.queues.items():
        if name.casefold() not in known:
            tx.put_queue(Queue(name=name, priority=queue_settings.priority, default=queue_settings.default))


def _application(parts: Parts, settings: Settings, dispatcher: Dispatcher, metrics: Metrics) -> Gate:
    server = settings.server
    faces = [_face(name, plugin, _offer(parts, server)) for name, plugin in registry.DIALECTS.items()]

    async def scrape() -> bytes:
        jobs = await parts.store.read(lambda look: look.count_jobs())
        return metrics.text(jobs=jobs, ready=dispatcher.ready.is_set())

    pages = Pages(
        version=__version__,
        signposts=_signposts(faces),
        identity=parts.identity,
        is_ready=dispatcher.ready.is_set,
        metrics=scrape,
    )
    return Gate(
        faces,
        pages.app(),
        _limits(server),
        is_ready=dispatcher.ready.is_set,
        public_url=server.public_url,
        observe=metrics.request,
    )


def _offer(parts: Parts, server: ServerSettings) -> dict[str, Any]:
    """Everything a dialect's Context may name as a field."""
    return {
        "jobs": Jobs(parts.store, engine=server.engine),
        "tasks": Tasks(parts.store),
        "nodes": Nodes(parts.store),
        "templates": Templates(parts.store),
        "users": parts.users,
        "identity": parts.identity,
        "tokens": parts.identity.tokens,
        "revoke": parts.identity.revoke,
        "clock": parts.clock,
        "signing_key": derived_key(parts.key, "continuations"),
        "cluster_name": _cluster_name(server),
        "hpcpack_version": server.hpcpack_version,
        "time_zone": server.time_zone,
        "public_url": server.public_url,
        "version": __version__,
        "token_lasts_s": round(server.token_lasts * DAY_S),
    }


def _cluster_name(server: ServerSettings) -> str:
    return server.cluster_name or os.uname().nodename.partition(".")[0]


def _face(name: str, plugin: registry.DialectPlugin, offer: dict[str, Any]) -> Face:
    context: type[Struct] = registry.load(plugin.context)
    built = registry.load(plugin.build)(
        context(**{field: offer[field] for field in context.__struct_fields__})
    )
    return Face(name, plugin.path, built, registry.load(plugin.refusal))


def _signposts(faces: Sequence[Face]) -> list[Signpost]:
    posts = [Signpost(face.path, getattr(face.app, "title", face.name)) for face in faces]
    posts += [Signpost(f"{face.path}/openapi.json", "its description for programs") for face in faces]
    return [
        *posts,
        Signpost("/healthz, /readyz", "is it up, is it ready"),
        Signpost("/metrics", "for operators"),
    ]


def _limits(server: ServerSettings) -> Limits:
    return Limits(
        body=server.body_limit,
        body_timeout_s=server.body_timeout_s,
        header=server.header_limit,
        header_timeout_s=server.header_timeout_s,
        keep_alive_s=server.keep_alive_s,
        drain_s=server.drain_s,
    )


def _tls(server: ServerSettings, data: Path) -> Any:
    if server.tls_cert:
        return tls.context(Path(server.tls_cert), Path(server.tls_key))
    if not server.tls_self_signed:
        return None
    from headgate.http.certificate import self_signed  # noqa: PLC0415  cryptography is slow to load; few need it

    return tls.context(*self_signed(data / "tls", server.host, datetime.now(UTC)))


def _tell_first_password(data: Path, password: str, announce: Callable[[str], None]) -> None:
    path = data / FIRST_PASSWORD
    log.info("first_admin_created", user="admin", password_file=str(path))
    shown = f": {password}" if sys.stdout.isatty() else ""
    announce(f"The user admin was created; the password is in {path}{shown}")
