"""The operations of sessions, in the order in which clients call them (spec windowshpc, section 7.6)."""

import asyncio

from headgate.core.errors import BadRequest
from headgate.core.soa import Session
from headgate.dialects.windowshpc.context import Context
from headgate.dialects.windowshpc.soa import info, parameters, starting, streams, uploads
from headgate.formats.hpcpack.bodies import is_xml
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.hpcpack.refusals import UnsupportedMedia
from headgate.formats.serving import Answer, read_body

DONE = Answer(200)
CREATED = Answer(201)
"""Exactly these (section 8)."""


class SessionCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._sessions = context.sessions
        self._public_url = context.public_url
        self._name = context.cluster_name
        self._largest = context.largest_message
        self._drained: asyncio.Future[None] | None = None
        self._is_drained = False

    def drain(self) -> None:
        """The server is about to stop: reads and uploads under way end now."""
        self._is_drained = True
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _drain(self) -> asyncio.Future[None]:
        if self._drained is None:
            self._drained = asyncio.get_running_loop().create_future()
            if self._is_drained:
                self._drained.set_result(None)
        return self._drained

    # ---- the session

    async def create(self, call: Call) -> Answer:
        """Create a session."""
        durable = parameters.durable(call.query)
        body = await read_body(call.receive)
        fields = _fields(call.content_type, body)
        start = starting.session_start(fields, call.caller, durable=durable, largest=self._largest)
        return self._info(call, await self._sessions.create(call.caller, start), 201)

    async def attach(self, call: Call) -> Answer:
        """Attach to a session."""
        number, durable = parameters.session_id(call.values[0]), parameters.durable(call.query)
        return self._info(call, await self._sessions.attach(call.caller, number, durable=durable), 200)

    async def close(self, call: Call) -> Answer:
        """End a session."""
        await self._sessions.close(call.caller, parameters.session_id(call.values[0]))
        return DONE

    async def versions(self, call: Call) -> Answer:
        """The versions of a service."""
        found = self._sessions.versions(call.caller, call.values[0])
        if info.wants_json(call.headers["accept"]):
            return Answer(200, info.write_versions_json(found), media_type=info.JSON)
        return Answer(200, info.write_versions(found))

    def _info(self, call: Call, session: Session, status: int) -> Answer:
        node = info.broker_node(self._public_url, call.headers["host"], self._name)
        if info.wants_json(call.headers["accept"]):
            return Answer(status, info.write_info_json(session, node), media_type=info.JSON)
        return Answer(status, info.write_info(session, node))

    # ---- a batch

    async def send(self, call: Call) -> Answer:
        """Take requests, as they arrive."""
        number, batch = _place(call)
        generic = parameters.truth(call.query, "genericservice", False)
        commit = parameters.truth(call.query, "commit", False)
        session = self._sessions.session(call.caller, number)
        reader = uploads.reader(batch, largest=session.start.max_message_size, generic=generic)
        await uploads.take(
            call.receive,
            reader,
            lambda requests: self._sessions.send(call.caller, number, batch, requests),
            self._drain(),
        )
        if not commit:
            return DONE
        await self._sessions.commit(call.caller, number, batch)
        return CREATED

    async def commit(self, call: Call) -> Answer:
        """No more requests will come."""
        await self._sessions.commit(call.caller, *_place(call))
        return CREATED

    async def status(self, call: Call) -> Answer:
        """How far a batch is."""
        found = self._sessions.status(call.caller, *_place(call))
        if info.wants_json(call.headers["accept"]):
            return Answer(200, info.write_status_json(found), media_type=info.JSON)
        return Answer(200, info.write_status(found))

    async def purge(self, call: Call) -> Answer:
        """Forget a batch."""
        await self._sessions.purge(call.caller, *_place(call))
        return DONE

    async def responses(self, call: Call) -> Answer:
        """The answers, as they come."""
        number, batch = _place(call)
        generic = parameters.truth(call.query, "genericservice", False)
        client_data = call.query.get("clientdata", "")
        found = self._sessions.responses(
            call.caller,
            number,
            batch,
            count=parameters.count(call.query),
            action=call.query.get("action", ""),
            reset=parameters.truth(call.query, "reset", False),
            client_data=client_data,
        )
        writer: streams.Writer = streams.Records() if generic else streams.Envelopes(client_data)
        return Answer(
            200,
            parts=streams.parts(found, writer, call.receive, self._drain()),
            media_type=streams.GENERIC_TYPE if generic else "",
        )


def _place(call: Call) -> tuple[int, str]:
    """Session and batch in the path."""
    return parameters.session_id(call.values[0]), parameters.batch_name(call.values[1])


def _fields(content_type: str, body: bytes) -> starting.Fields:
    """What a session is asked to be, in either form. No type: what it looks like."""
    media = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        raise BadRequest("The session can't be started: there is no body.", code="ArgumentError")
    if media in ("application/json", "text/json"):
        return starting.read_json(body)
    if is_xml(media):
        return starting.read_xml(body)
    if not media or media in ("application/x-www-form-urlencoded", "application/octet-stream"):
        return starting.read_json(body) if body.lstrip()[:1] == b"{" else starting.read_xml(body)
    raise UnsupportedMedia(
        f"The body is {media[:60]}: send XML (application/xml) or JSON (application/json)."
    )
