"""The server's life from start to end."""

import asyncio
import gc
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import Any, Final

import structlog

from headgate import __version__, registry
from headgate.app.faces import application, cluster_name, flavours, limits, registrations
from headgate.app.installation import Parts, opened, seed
from headgate.app.interpreter import open_to_all, stand_in
from headgate.broker.broker import Broker
from headgate.config import Loaded, ServerSettings, Settings
from headgate.core.environment import Site
from headgate.core.errors import StartupRefused
from headgate.core.soa import Tickets
from headgate.dispatcher.dispatcher import Dispatcher, Timing
from headgate.dispatcher.foreign import ForeignJobs
from headgate.dispatcher.measuring import Measuring
from headgate.dispatcher.passing import Passing
from headgate.engines.local.account_processes import LocalProcesses
from headgate.http import logs, tls
from headgate.http.fronts.frames import Setup
from headgate.http.fronts.keeper import ACCOUNT, Fronts
from headgate.http.metrics import FrontFigures
from headgate.http.server import HttpServer, is_loopback, listen, local_url_of, run, url_of
from headgate.identity import create_first_admin, derived_key, own_account
from headgate.identity.first_start import FILE as FIRST_PASSWORD
from headgate.notify.notifier import Notifier
from headgate.notify.smtp import SmtpMailer, read_password
from headgate.objects.transfers import AccountTransfers
from headgate.objects.worker import SyncWorker
from headgate.ports.engine import Ability, Engine

DAY_S: Final = 86400
SWITCH_S: Final = 0.0002
PATIENCE_S: Final = 2.0
"""For the port, which the fronts of a killed server may keep a moment longer than it did."""
CERTIFICATES: Final = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
log = structlog.get_logger("headgate")

Announce = Callable[[str], None]
"""Prints a line for people."""


def serve(loaded: Loaded, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` prints for people. Raises StartupRefused."""
    server = loaded.settings.server
    if not server.data:
        raise StartupRefused("Name the folder for the data: --data DIR.")
    if server.engine not in registry.ENGINES:
        known = ", ".join(registry.ENGINES)
        raise StartupRefused(f"There is no engine {server.engine!r} (yet); there are: {known}.")
    secure = bool(server.tls_cert) or server.tls_self_signed
    if not secure and not server.insecure and not is_loopback(server.host):
        raise StartupRefused(
            f"{server.host} can be reached from other machines, and without TLS anybody on the way reads "
            "passwords: give --tls-cert and --tls-key, or --tls-self-signed, or --insecure."
        )
    logs.configure(server.log_level, server.log_format)
    run(_serve(loaded.settings, announce))


async def _serve(settings: Settings, announce: Announce) -> None:
    server = settings.server
    async with opened(Path(server.data), settings, exclusive=True) as parts:
        await parts.store.write(lambda tx: seed(tx, settings))
        await _first_start(parts, announce, settings.soa.python)
        tls_files = _tls_files(server, parts)
        context = tls.context(*tls_files) if tls_files else None
        listening = listen(server.host, server.port, patience_s=PATIENCE_S if server.fronts else 0)
        engine = _engine(parts, settings)
        tickets = _tickets(parts, server, listening, tls=context is not None)
        dispatcher = _dispatcher(parts, settings, engine, tickets)
        broker = Broker(
            parts.store,
            registrations(parts.data, settings),
            parts.clock,
            folder=parts.data / "soa",
            tickets=tickets,
            settings=settings.soa,
        )
        measuring = Measuring(
            parts.store,
            engine if Ability.FIGURES in engine.abilities else None,
            parts.clock,
            keep_operations_s=server.keep_finished * DAY_S,
        )
        notifier = _notifier(parts, settings)
        syncs = _sync_worker(parts, settings)
        keeper = engine if Ability.NODE_SERVICE in engine.abilities else None
        onlooker = engine if Ability.FOREIGN in engine.abilities else None
        foreign = ForeignJobs(parts.store, server.engine, onlooker, parts.clock)

        passing = Passing(parts.store)

        def reasons() -> Mapping[int, str]:
            return {**dispatcher.reasons(), **foreign.reasons()}

        figures = FrontFigures() if server.fronts else None
        gate = application(parts, settings, dispatcher, broker, reasons, keeper, figures, engine.abilities)
        http: HttpServer | Fronts
        if figures is not None:
            setup = _front_setup(server, tls_files)
            http = Fronts(gate, listening, server.fronts, setup, figures, drain=gate.drain)
        else:
            http = HttpServer(gate, listening, limits(server), context, drain=gate.drain)
        serving = asyncio.create_task(http.run())
        await broker.start()
        await passing.start()
        await dispatcher.start()
        await foreign.start()
        await measuring.start()
        if notifier is not None:
            await notifier.start()
        await syncs.start()
        recovered = asyncio.create_task(_recovered(dispatcher, http))
        try:
            await asyncio.wait({serving, recovered}, return_when=asyncio.FIRST_COMPLETED)
            _tune_interpreter()
            if not serving.done():
                url = url_of(listening, tls=context is not None)
                log.info("server_ready", url=url, engine=server.engine, data=str(parts.data))
                announce(f"Headgate {__version__} ready: {url} (engine {server.engine}, data {parts.data})")
            await serving
        finally:
            recovered.cancel()
            http.stop()
            await asyncio.gather(serving, return_exceptions=True)
            await measuring.stop()
            await syncs.stop()
            await foreign.stop()
            await dispatcher.stop()
            await passing.stop()
            await broker.stop()
            if notifier is not None:
                await notifier.stop()
            log.info("server_stopped")


async def _recovered(dispatcher: Dispatcher, http: HttpServer | Fronts) -> None:
    await dispatcher.ready.wait()
    await http.opened()


def _tune_interpreter() -> None:
    """Keep what the start-up made out of garbage collection, and let threads take turns more often.

    A full collection over it took 10 to 20 ms in the middle of a list. The store's writer hands back the
    interpreter at each call of SQLite; at the usual 5 ms it then waits that long whenever the event loop is
    busy.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)


def _engine(parts: Parts, settings: Settings) -> Any:
    """The engine, a `ports.engine.Engine`, and by its abilities more than that."""
    name = settings.server.engine
    return registry.load(registry.ENGINES[name].engine)(parts.data / "engine", settings.engine[name])


def _tickets(parts: Parts, server: ServerSettings, listening: socket, *, tls: bool) -> Tickets:
    """What hosts of services are given to connect with: where the server is, and what to believe of it."""
    url = server.public_url.rstrip("/") or local_url_of(listening, tls=tls)
    certificate = ""
    if tls:
        path = Path(server.tls_cert) if server.tls_cert else parts.data / "tls" / "cert.pem"
        # Only the certificates: some keep the key in the same file.
        certificate = "\n".join(CERTIFICATES.findall(path.read_text("ascii", "replace")))
    key = derived_key(parts.key, "soa-hosts")
    return Tickets(key=key, url=url, certificate=certificate, named=bool(server.public_url))


def _dispatcher(parts: Parts, settings: Settings, engine: Engine, tickets: Tickets) -> Dispatcher:
    server = settings.server
    return Dispatcher(
        parts.store,
        engine,
        parts.identity,
        parts.clock,
        Site(cluster_name(server), os.uname().nodename, own_account(), server.time_zone, tickets),
        flavours(),
        timing=Timing(keep_finished=server.keep_finished * DAY_S),
    )


def _notifier(parts: Parts, settings: Settings) -> Notifier | None:
    """What sends mails; None where no mail server is named. Raises StartupRefused."""
    mail = settings.mail
    if not mail.host:
        return None
    if not mail.domains:
        log.warning("mail_goes_nowhere", hint="mail.domains names the domains that mails may go to")
    mailer = SmtpMailer(mail, read_password(mail))
    return Notifier(parts.store, mailer, parts.clock, mail, cluster=cluster_name(settings.server))


def _sync_worker(parts: Parts, settings: Settings) -> SyncWorker:
    """What carries out syncs. It is there without an object store too: what still waits must end."""
    objects = settings.object_storage
    processes = LocalProcesses(parts.min_uid)
    worker = SyncWorker(
        parts.store,
        AccountTransfers(processes, objects) if objects.configured else None,
        parts.storage.of,
        objects,
        parts.clock,
        keep_s=settings.server.keep_finished * DAY_S,
    )
    parts.syncs.on_start(worker.wake)
    return worker


async def _first_start(parts: Parts, announce: Announce, python: str) -> None:
    """Make the first user where there is none, and say what an operator has to know."""
    password = await create_first_admin(parts.store, parts.passwords, parts.clock, parts.data)
    if password is not None:
        path = parts.data / FIRST_PASSWORD
        log.info("first_admin_created", user="admin", password_file=str(path))
        shown = f": {password}" if sys.stdout.isatty() else ""
        announce(f"The user admin was created; the password is in {path}{shown}")
    if parts.as_owners and not (python or open_to_all(Path(sys.executable)) or stand_in()):
        log.warning("hosts_of_services_cannot_start", python=sys.executable, hint="set soa.python")
    if not parts.as_owners:
        users = len(parts.users.list(None))
        log.warning("tasks_share_one_account", uid=os.geteuid(), users=users, hint="one trust domain")


def _tls_files(server: ServerSettings, parts: Parts) -> tuple[Path, Path] | None:
    """Certificate and key, made if need be; None: without TLS."""
    if server.tls_cert:
        return Path(server.tls_cert), Path(server.tls_key)
    if not server.tls_self_signed:
        return None
    from headgate.http.certificate import self_signed  # noqa: PLC0415  cryptography is slow to load; few need it

    now = datetime.fromtimestamp(parts.clock.now() / 1e6, UTC)
    return self_signed(parts.data / "tls", server.host, now)


def _front_setup(server: ServerSettings, tls_files: tuple[Path, Path] | None) -> Setup:
    certificate, key = (str(path.absolute()) for path in tls_files) if tls_files else ("", "")
    return Setup(limits(server), certificate, key, ACCOUNT, server.log_level, server.log_format)
