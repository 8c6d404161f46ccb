"""The legacy face: anything may arrive, the answer is ours or the documented error."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.formats import hpcpack_xml as xml
from headgate.formats.hpcpack.spelling import XML
from tests.compliance.windowshpc.world import Legacy
from tests.property.dialects.sync import Sync

DOCUMENTED = {200, 400, 401, 403, 404, 405}


@pytest.fixture(scope="module")
def sync() -> Iterator[Sync]:
    world = Legacy()
    sync = Sync(world, world.old)
    yield sync
    sync.close()


METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"])
WORDS = """Jobs job 1 2 0 99 HEADGATE Tasks Task SubTask Nodes Node NodeGroup Clusters Version Submit Cancel
Finish Requeue EnvVariables CustomProperties JobFile NODE1 .. Info Sessions Create Session batch SoaService"""
PATHS = st.lists(st.sampled_from([*WORDS.split(), ""]) | st.text(max_size=5), max_size=7).map(
    lambda steps: "/" + "/".join(steps).replace("?", "").replace("%", "")
)
KNOWN = st.sampled_from(
    [
        f"{cluster}/{rest}"
        for cluster in ("", "/headgate", "/HEADGATE/")
        for rest in (
            "Jobs", "Jobs/JobFile", "Job/1", "Job/2", "Job/1/Tasks", "Job/2/Tasks", "Job/1/Task/1", "Nodes",
            "Job/1/Task/1/SubTask/2", "Job/2/Submit", "Job/2/Cancel", "Job/2/Requeue", "Job/1/EnvVariables",
        )
    ]
)  # fmt: skip
PARAMETERS = st.sampled_from(
    ["Properties", "$filter", "RowsPerRead", "QueryId", "CurrentObjectNumber", "Render", "Names", "Forced",
     "SortJobsBy", "Owner", "api-version", "ExpandParametric"]
)  # fmt: skip
QUERIES = st.dictionaries(
    PARAMETERS, st.sampled_from(["HpcJobXml", "Name,State", "1"]) | st.text(max_size=12), max_size=3
).map(lambda query: "&".join(f"{name}={value}" for name, value in query.items()))
VERSIONS = st.dictionaries(
    st.sampled_from(["api-version", "CCP_Version"]), st.sampled_from(["", "2011-11-01", "x", "1"])
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
BODIES = (
    st.binary(max_size=60)
    | st.sampled_from(
        [b"", b"<ArrayOfProperty/>", b"<Job/>", b"<a:b/>", b"<string>x</string>", b"<Job MinCores='x'/>"]
    )
    | st.lists(
        st.tuples(st.sampled_from(["Name", "Priority", "CommandLine", "State"]) | TEXTS, TEXTS), max_size=3
    ).map(XML.pairs)
)


@given(METHODS, KNOWN | PATHS, QUERIES, BODIES, VERSIONS)
def test_anything_may_arrive(
    sync: Sync, method: str, path: str, query: str, body: bytes, versions: dict[str, str]
) -> None:
    answer = sync.ask(method, f"{path}?{query}", body, user="boss", headers=versions)
    assert answer.status in DOCUMENTED, answer
    if answer.status != 200 and method != "HEAD":
        assert xml.read_error(answer.body)
