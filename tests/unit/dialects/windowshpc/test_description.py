"""dialects/windowshpc/description.py: the description tells of every operation, to anybody."""

import json

from tests.compliance.hpcpack.world import exchange
from tests.compliance.windowshpc.world import Legacy, every_operation


async def test_every_operation_is_described() -> None:
    world = Legacy()
    answer = await exchange(world.legacy, "/WindowsHPC", "GET", "/openapi.json", b"", {})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    document = json.loads(answer.body)
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.method, one.path) for one in every_operation(world)}
    identifiers = [
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    ]
    assert len(identifiers) == len(set(identifiers))
    assert document["servers"] == [{"url": "/WindowsHPC"}]
    for methods in document["paths"].values():
        for operation in methods.values():
            assert "204" not in operation["responses"]
            assert operation["summary"].endswith(".")
    await world.close()
