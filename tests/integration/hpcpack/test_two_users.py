"""Two users do everything at once, each in all three forms of the interface: nothing is lost or mixed up."""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import httpx

from headgate.formats import hpcpack_xml as xml
from headgate.formats.hpcpack.spelling import XML
from headgate.testing.server import Server
from tests.integration.hpcpack.conftest import ADA, BOB

ROUNDS = 4
ENDED = ("Finished", "Failed", "Canceled")
Told = Mapping[str, str | None]


class Form:
    """One form of the interface, for one user: what it takes to create, run and read jobs in it."""

    def __init__(self, server: Server, user: tuple[str, str]) -> None:
        self.user = user
        self.http = server.http(user)

    def post(self, path: str, values: Told) -> httpx.Response:
        """A property set, refused or not."""
        raise NotImplementedError

    def told(self, path: str) -> Told:
        """A property set by name."""
        raise NotImplementedError

    def rows(self, path: str) -> list[Told]:
        """A list of objects, each by name."""
        raise NotImplementedError

    def number(self, answer: httpx.Response) -> int:
        """The id in an answer."""
        return int(re.findall(r"(?<![\w/])\d+(?=<|$)", answer.raise_for_status().text)[0])

    job, jobs = "/hpc/jobs/{}", "/hpc/jobs"


class Json(Form):
    """`/hpc` in JSON."""

    def post(self, path: str, values: Told) -> httpx.Response:
        """See Form."""
        return self.http.post(path, json=[{"Name": name, "Value": value} for name, value in values.items()])

    def told(self, path: str) -> Told:
        """See Form."""
        return {row["Name"]: row["Value"] for row in self.http.get(path).raise_for_status().json()}

    def rows(self, path: str) -> list[Told]:
        """See Form."""
        found = self.http.get(path).raise_for_status().json()
        return [{entry["Name"]: entry["Value"] for entry in row["Properties"]} for row in found]


class NewXml(Form):
    """`/hpc` in XML."""

    def __init__(self, server: Server, user: tuple[str, str]) -> None:
        super().__init__(server, user)
        self.http.headers.update({"accept": "application/xml", "content-type": "application/xml"})

    def post(self, path: str, values: Told) -> httpx.Response:
        """See Form."""
        return self.http.post(
            path, content=XML.pairs([(name, value or "") for name, value in values.items()])
        )

    def told(self, path: str) -> Told:
        """See Form."""
        return dict(xml.read_property_set(self.http.get(path).raise_for_status().content))

    def rows(self, path: str) -> list[Told]:
        """See Form."""
        return [dict(row) for row in xml.read_rows(self.http.get(path).raise_for_status().content)]


class OldXml(NewXml):
    """`/WindowsHPC`."""

    job, jobs = "/WindowsHPC/Job/{}", "/WindowsHPC/Jobs"

    def __init__(self, server: Server, user: tuple[str, str]) -> None:
        super().__init__(server, user)
        self.http.headers["api-version"] = "2012-11-01.4.0"


FORMS: tuple[type[Form], ...] = (Json, NewXml, OldXml)


def finished(form: Form, job: int) -> str | None:
    """Wait for the end of a job; its state."""
    until = time.monotonic() + 40
    state: str | None = ""
    while state not in ENDED and time.monotonic() < until:
        state = form.told(f"{form.job.format(job)}?properties=State")["State"]
        time.sleep(0.02)
    return state


def work(form: Form, mine: list[int], others: Sequence[int]) -> None:
    """Some jobs from creation to output; between them, tries on somebody else's, which are all refused."""
    name = form.user[0]
    task = form.job + ("/Task/1" if isinstance(form, OldXml) else "/tasks/1")
    for turn in range(ROUNDS):
        marked = {"Name": f"{name} {type(form).__name__} {turn}"}
        job = form.number(form.post(form.jobs, marked))
        at = form.job.format(job)
        said: Told = {"CommandLine": f"echo $WHO {turn}", "WorkDirectory": "/"}
        assert form.number(form.post(f"{at}/tasks", said)) == 1
        mine.append(job)
        for path in ("envVariables", "customProperties"):
            form.post(f"{at}/{path}", {"WHO": f"{name}-{type(form).__name__}"}).raise_for_status()
        form.post(f"{at}/submit", {}).raise_for_status()
        for other in others[-2:]:
            private = form.told(f"{task.format(other)}?properties=CommandLine,Output,Name")
            assert private == {"CommandLine": "", "Output": "", "Name": ""}
            assert form.http.get(f"{form.job.format(other)}/envVariables").status_code == 403
            for change in ("submit", "cancel", "requeue", "envVariables", "tasks"):
                assert form.http.post(f"{form.job.format(other)}/{change}").status_code == 403, change
        assert finished(form, job) == "Finished"
        assert form.told(f"{at}?properties=Name,Owner") == {**marked, "Owner": name}
        output = form.told(f"{task.format(job)}?properties=Output")["Output"]
        assert output is not None
        assert output.strip() == f"{name}-{type(form).__name__} {turn}"
        assert form.told(f"{at}/envVariables") == form.told(f"{at}/customProperties")


def together(pieces: Sequence[Callable[[], None]]) -> list[BaseException]:
    """Run all of these beside each other; what went wrong."""
    wrong: list[BaseException] = []

    def guarded(piece: Callable[[], None]) -> None:
        try:
            piece()
        except (AssertionError, httpx.HTTPError, LookupError, ValueError) as error:
            wrong.append(error)

    threads = [threading.Thread(target=guarded, args=(piece,), daemon=True) for piece in pieces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert not any(thread.is_alive() for thread in threads)
    return wrong


def test_two_users_in_parallel(server: Server) -> None:
    made: dict[str, list[int]] = {"ada": [], "bob": []}
    forms = [kind(server, user) for user in (ADA, BOB) for kind in FORMS]

    def piece(form: Form) -> Callable[[], None]:
        name = form.user[0]
        return lambda: work(form, made[name], made["bob" if name == "ada" else "ada"])

    try:
        assert together([piece(form) for form in forms]) == []
        # Every form lists the jobs of both, each once, with the right owner; nothing is lost.
        for form in forms:
            rows = form.rows(f"{form.jobs}?properties=Id,Owner,State&rowsPerRead=100")
            listed = {int(row["Id"] or 0): row["Owner"] for row in rows}
            assert len(listed) == len(rows)
            assert listed == {job: name for name, jobs in made.items() for job in jobs}
            assert {row["State"] for row in rows} == {"Finished"}
            owned = form.rows(f"{form.jobs}?owner=ada&properties=Id&rowsPerRead=100")
            assert sorted(int(row["Id"] or 0) for row in owned) == sorted(made["ada"])
    finally:
        for form in forms:
            form.http.close()
    assert sum(map(len, made.values())) == 2 * len(FORMS) * ROUNDS
