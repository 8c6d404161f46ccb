"""A server that is killed while a client reads a durable session: another client has each answer once."""

from pathlib import Path

import pytest

import headgate.soa
from headgate.client.errors import Unreachable
from headgate.testing.server import running

ANN = ("ann", "pw")
REQUESTS = 3000


def test_a_killed_server_loses_and_repeats_nothing_for_who_attaches_again(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        server.add_user(*ANN, os_account="nobody")
        session = headgate.soa.connect(server.url, service="CcpEchoSvc", user=ANN, durable=True)
        with session:
            session.detach()
            batch = session.batch("b")
            assert batch.send("Echo", (str(number) for number in range(REQUESTS))) == REQUESTS
            # Not committed, so that the read can't be over before the server is.
            answers = batch.answers()
            next(answers)
            server.kill()
            with pytest.raises(Unreachable, match="broke off"):
                list(answers)
        server.start()
        with headgate.soa.connect(server.url, session=session.id, user=ANN, durable=True) as again:
            again.batch("b").commit()
            found = sorted(
                (one.number, one.result(str).rpartition(":")[2])
                for one in again.batch("b").answers(reset=True)
            )
            assert found == [(number, str(number)) for number in range(REQUESTS)]
            again.close()
