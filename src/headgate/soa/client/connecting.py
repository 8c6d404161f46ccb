"""Opening a session: where, as whom, of which service."""

import os
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from headgate.client import tokens
from headgate.client.api import TIMEOUT_S
from headgate.client.errors import ClientError
from headgate.soa.client.asking import VERSION, ask
from headgate.soa.client.blocking import Loop, Session
from headgate.soa.client.messages import Contract
from headgate.soa.client.sessions import AsyncSession, Info


async def aconnect(
    url: str = "",
    *,
    service: str = "",
    session: int | None = None,
    durable: bool = False,
    user: tuple[str, str] | None = None,
    token: str = "",
    verify: bool | str = True,
    contract: str = "",
    options: Mapping[str, Any] | None = None,
) -> AsyncSession:
    """Open a session of `service`, or attach to the one that is named.

    url, user, token, verify: as in `headgate.client.Client`; without user and token, those of
    `headgate login`. contract: of the service, where it is not called `I` and its name. options: whatever
    else a session can be asked to be, by the names of section 7.1 (`{"MinUnits": 2}`). Raises ClientError.
    """
    if bool(service) == (session is not None):
        raise ClientError("Name the service for a new session, or the session to attach to.")
    http = _http(url, user, token, verify)
    try:
        info = await (
            _create(http, service, durable, user, options or {})
            if service
            else _attach(http, session, durable)
        )
    except BaseException:
        await http.aclose()
        raise
    address = Contract(contract) if contract else Contract.of(service)
    return AsyncSession(http, info, address, closes=bool(service))


def connect(url: str = "", **options: Any) -> Session:
    """As `aconnect`, for programs without asyncio: `with connect(…) as session:`."""
    loop = Loop()
    try:
        return Session(loop, loop.run(aconnect(url, **options)))
    except BaseException:
        loop.stop()
        raise


async def _create(
    http: httpx.AsyncClient,
    service: str,
    durable: bool,
    user: tuple[str, str] | None,
    options: Mapping[str, Any],
) -> Info:
    name, password = user or (None, None)
    start = {
        "ServiceName": service,
        "Username": name,
        "Password": password,
        "MaxMessageSize": 1 << 20,
        "Runtime": -1,
        **options,
    }
    answer = await ask(
        http,
        "POST",
        f"/Sessions/Create?durable={'true' if durable else 'false'}",
        content=msgspec.json.encode(start),
        kind="application/json",
    )
    return msgspec.json.decode(answer.content, type=Info)


async def _attach(http: httpx.AsyncClient, session: int | None, durable: bool) -> Info:
    answer = await ask(http, "GET", f"/Session/{session}/Attach?durable={'true' if durable else 'false'}")
    return msgspec.json.decode(answer.content, type=Info)


def _http(url: str, user: tuple[str, str] | None, token: str, verify: bool | str) -> httpx.AsyncClient:
    headers = {"api-version": VERSION}
    if user is None and not token:
        known = tokens.login(url, os.environ)
        url, token = known.url, known.token
        verify = (known.certificate or known.verify) if verify is True else verify
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.AsyncClient(
        base_url=tokens.tidy(url or tokens.LOCAL) + "/WindowsHPC",
        auth=user,
        headers=headers,
        verify=_trust(verify),
        # A read of answers may be silent for as long as the service computes.
        timeout=httpx.Timeout(TIMEOUT_S, read=None, write=None),
        limits=httpx.Limits(max_connections=None),
    )


def _trust(verify: bool | str) -> ssl.SSLContext | bool:
    if isinstance(verify, bool):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise ClientError(f"The certificate {verify} can't be used: {error.strerror or error}") from None
