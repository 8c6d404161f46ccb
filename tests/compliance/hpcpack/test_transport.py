"""Sections 1 (transport, authentication, acting as another user) and 2 (formats, bodies, errors)."""

import base64

import pytest

from tests.compliance.hpcpack.world import World, basic, given

# ---- 1: paths and parameters


@pytest.mark.parametrize(
    "target",
    [
        "/jobs/1?properties=id",
        "/JOBS/1?Properties=ID",
        "/Jobs/1/?PROPERTIES=Id",
        "//jobs///1?&properties=id&",
        "/jobs/01?properties=id&unknown=1",
        "/jobs/1?properties=Name&properties=id",
    ],
)
async def test_letter_case_and_slashes_do_not_matter(world: World, target: str) -> None:
    await world.job()
    answer = await world.ask("GET", target)
    assert (answer.status, answer.body) == (200, b'[{"Name":"Id","Value":"1"}]')


@pytest.mark.parametrize("blank", ["+", "%20"])
async def test_a_blank_is_a_plus_or_percent_20(world: World, blank: str) -> None:
    await world.job()
    answer = await world.ask("GET", f"/jobs?$filter=JobState{blank}eq{blank}Configuring")
    assert len(answer.json) == 1
    answer = await world.ask("GET", f"/jobs?%24FILTER=JobState{blank}EQ{blank}running")
    assert answer.json == []


@pytest.mark.parametrize("name", ["node1", "NODE1", "Node1"])
async def test_names_in_paths_are_found_in_any_case(world: World, name: str) -> None:
    assert (await world.ask("GET", f"/nodes/{name}")).values["Name"] == "NODE1"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/jobs/1/nothing"),
        ("POST", "/jobs/1/tasks/1/submit"),
        ("GET", "/jobs/1/tasks/1/subtasks"),
        ("GET", "/jobs/1/tasks/1/subtasks/1/envVariables"),
        ("GET", "/cluster"),
        ("GET", "/cluster/version/1"),
    ],
)
async def test_unknown_paths_are_404(world: World, method: str, path: str) -> None:
    assert (await world.ask(method, path)).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/jobs/1", "GET, PUT"),
        ("PUT", "/jobs", "GET, POST"),
        ("GET", "/jobs/jobFile", "POST"),
        ("GET", "/jobs/1/submit", "POST"),
        ("POST", "/nodes", "GET"),
        ("OPTIONS", "/nodes", "GET"),
        ("PATCH", "/cluster/version", "GET"),
    ],
)
async def test_a_wrong_method_on_a_known_path_is_405(
    world: World, method: str, path: str, allowed: str
) -> None:
    answer = await world.ask(method, path)
    assert answer.status == 405
    assert answer.headers["allow"] == allowed


async def test_head_is_get_without_its_body(world: World) -> None:
    whole = await world.ask("GET", "/nodes/NODE1")
    head = await world.ask("HEAD", "/nodes/NODE1")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))


@pytest.mark.parametrize("version", ["2016-11-01.5.0", "2020-01-01.6.0", "anything"])
async def test_any_api_version_is_accepted(world: World, version: str) -> None:
    assert (await world.ask("GET", "/nodes", headers={"api-version": version})).status == 200


# ---- 1.1: authentication


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        basic("ann", "wrong"),
        basic("nobody"),
        "Basic !!!",
        "Basic",
        "Negotiate abc",
        "Basic " + base64.b64encode(b"ann").decode(),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/nothing")])
async def test_without_credentials_there_is_a_challenge(
    world: World, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    answer = await world.ask(method, path, user=None, headers=headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith('Basic realm="Headgate"')
    assert (await world.ask("GET", "/jobs")).json == []


@pytest.mark.parametrize("login", ["ann", "ANN", "DOMAIN\\ann", "ann@domain"])
async def test_the_owner_is_the_name_the_client_logged_in_with(world: World, login: str) -> None:
    job = await world.job(login)
    assert (await world.ask("GET", f"/jobs/{job}", user=login)).values["Owner"] == login
    listed = await world.ask("GET", f"/jobs?owner={login.replace(chr(92), '%5C')}", user=login)
    assert [row["Owner"] for row in listed.rows] == [login]


async def test_the_description_is_for_everybody(world: World) -> None:
    for path, kind in (("/openapi.json", "application/json"), ("/DOCS", "text/html; charset=utf-8")):
        answer = await world.ask("GET", path, user=None)
        assert (answer.status, answer.headers["content-type"]) == (200, kind)


# ---- 1.2: acting as another user


@pytest.mark.parametrize("user", ["boss", "planner"])
async def test_a_job_made_as_another_user_is_that_users(world: World, user: str) -> None:
    answer = await world.ask("POST", "/jobs", user=user, headers={"x-ms-as-user": "ann"})
    assert (await world.ask("GET", f"/jobs/{answer.json}")).values["Owner"] == "ann"


async def test_acting_as_another_user_is_doing_it_with_their_rights(world: World) -> None:
    job = await world.job("ann")
    refused = await world.ask("POST", f"/jobs/{job}/cancel", user="boss", headers={"x-ms-as-user": "ben"})
    assert refused.status == 403
    assert (await world.ask("GET", f"/jobs/{job}")).values["State"] == "Configuring"
    assert (await world.ask("POST", f"/jobs/{job}/cancel", user="boss")).status == 204


@pytest.mark.parametrize("user", ["ann", "op"])
async def test_ordinary_users_act_as_nobody_else(world: World, user: str) -> None:
    answer = await world.ask("GET", "/jobs", user=user, headers={"X-MS-As-User": "ben"})
    assert answer.status == 403


async def test_an_unknown_user_to_act_as_is_named(world: World) -> None:
    answer = await world.ask("GET", "/jobs", user="boss", headers={"x-ms-as-user": "nemo"})
    assert answer.status == 400
    assert "nemo" in answer.said
    assert (await world.ask("GET", "/jobs", user="ann", headers={"x-ms-as-user": ""})).status == 200


# ---- 1.3: rights


async def test_everybody_lists_all_jobs_and_reads_what_is_public(world: World) -> None:
    job = await world.job("ann", Name="n", EmailAddress="a@b.c")
    await world.task(job, CommandLine="secret", UserBlob="mine", Name="t")
    assert [row["Owner"] for row in (await world.ask("GET", "/jobs", user="ben")).rows] == ["ann"]
    other = (await world.ask("GET", f"/jobs/{job}", user="ben")).values
    assert (other["Name"], other["EmailAddress"]) == ("n", "")
    wanted = "?properties=Name,CommandLine,UserBlob"
    for path in (f"/jobs/{job}/tasks/1{wanted}", f"/jobs/{job}/tasks{wanted}"):
        seen = {}
        for user in ("ann", "ben", "op", "boss"):
            answer = await world.ask("GET", path, user=user)
            seen[user] = tuple((answer.values if "/1?" in path else answer.rows[0]).values())
        assert seen == {
            "ann": ("t", "secret", "mine"),
            "ben": ("t", "", ""),
            "op": ("t", "secret", ""),
            "boss": ("t", "secret", ""),
        }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/jobs/1", given({"Name": "mine"})),
        ("POST", "/jobs/1/submit", None),
        ("POST", "/jobs/1/cancel", None),
        ("POST", "/jobs/1/finish", None),
        ("POST", "/jobs/1/requeue", None),
        ("POST", "/jobs/1/tasks", given({"CommandLine": "x"})),
        ("PUT", "/jobs/1/tasks/1", given({"CommandLine": "x"})),
        ("POST", "/jobs/1/tasks/1/cancel", None),
        ("GET", "/jobs/1/envVariables", b""),
        ("POST", "/jobs/1/envVariables", given({"A": "b"})),
        ("GET", "/jobs/1/tasks/1/customProperties", b""),
        ("POST", "/jobs/1/customProperties", given({"A": "b"})),
    ],
)
async def test_others_may_not_touch_a_job(world: World, method: str, path: str, body: object) -> None:
    await world.job("ann")
    await world.task(1, CommandLine="true")
    assert (await world.ask(method, path, body, user="ben")).status == 403


# ---- 2: formats and bodies


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html,application/xml;q=0.9,*/*;q=0.8", "", "image/png"]
)
async def test_the_default_is_json(world: World, accept: str) -> None:
    answer = await world.ask("GET", "/jobs", headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")


@pytest.mark.parametrize("path", ["/jobs", "/jobs/1/submit", "/jobs/1/cancel", "/jobs/1/finish"])
@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain; charset=utf-8", "application/xml", "multipart/form-data"]
)
async def test_an_empty_body_may_be_of_any_type(world: World, path: str, content_type: str | None) -> None:
    await world.job()
    await world.task(1, CommandLine="true")
    answer = await world.ask("POST", path, b"", content_type=content_type)
    assert answer.status in (200, 204)


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "Application/JSON;charset=utf-8", "text/json"]
)
async def test_json_bodies(world: World, content_type: str | None) -> None:
    answer = await world.ask("POST", "/jobs", given({"Name": "n"}), content_type=content_type)
    assert answer.status == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
async def test_other_bodies_are_415(world: World, content_type: str) -> None:
    answer = await world.ask("POST", "/jobs", b"<x/>", content_type=content_type)
    assert answer.status == 415
    assert (await world.ask("GET", "/jobs")).json == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not a list of objects"),
        (b'[{"Name":"Name"', "truncated"),
        (b"[1]", "$[0]"),
        (b'[{"Value":"x"}]', "Property 1"),
        (b'[{"Name":"Name","Value":"\xff"}]', "UTF-8"),
        (b'[{"Name":"Name","Value":"a\\u0000"}]', "U+0000"),
        (b"[" * 50_000, "list of objects"),
        (b'[{"Name":"Name","Value":' + b"[" * 50_000 + b"]" * 50_000 + b"}]", "nested"),
        (b'[{"Name":"Colour","Value":"red"}]', "Colour"),
        (b'[{"Name":"State","Value":"Running"}]', "State"),
        (b'[{"Name":"MinCores","Value":"x"}]', "MinCores"),
        (b'[{"Name":"MinCores","Value":99999999999999999999}]', "MinCores"),
        (b'[{"Name":"Name","Value":"' + b"x" * 10_000 + b'"}]', "Name"),
        (b'[{"Name":"Name","Value":"a"},{"Name":"name","Value":"b"}]', "Name"),
        (b'[{"Name":"HoldUntil","Value":"3/18/2030"}]', "HoldUntil"),
    ],
)
async def test_a_bad_body_is_refused_by_name_and_nothing_is_done(
    world: World, body: bytes, said: str
) -> None:
    for method, path in (("POST", "/jobs"), ("PUT", "/jobs/1"), ("POST", "/jobs/1/submit")):
        if b"HoldUntil" in body and path != "/jobs":
            continue
        if path != "/jobs":
            await world.job()
            await world.task(1, CommandLine="true")
        before = (await world.ask("GET", "/jobs?properties=Id,Name,State&rowsPerRead=99")).json
        answer = await world.ask(method, path, body)
        assert answer.status == 400
        assert said in answer.said
        assert (await world.ask("GET", "/jobs?properties=Id,Name,State&rowsPerRead=99")).json == before


@pytest.mark.parametrize(
    "body", [b"7", b"{}", b'["x"]', b"'x'", b'"x', b'"\\u0000"', b'"' + b"x" * 129 + b'"']
)
@pytest.mark.parametrize("path", ["/jobs/1/cancel", "/jobs/1/finish", "/jobs/1/tasks/1/cancel"])
async def test_a_bad_message_is_refused_and_nothing_is_done(world: World, body: bytes, path: str) -> None:
    await world.job()
    await world.task(1, CommandLine="true")
    assert (await world.ask("POST", path, body)).status == 400
    assert (await world.ask("GET", "/jobs/1")).values["State"] == "Configuring"


async def test_a_password_is_never_told(world: World) -> None:
    job = await world.job(UserName="ann", Password="s3cret")
    answer = await world.ask("PUT", f"/jobs/{job}", given({"Password": "s3cret", "MinCores": "x"}))
    assert b"s3cret" not in answer.body
    assert (await world.ask("GET", f"/jobs/{job}?properties=Password")).status == 400
    assert b"s3cret" not in (await world.ask("GET", f"/jobs/{job}")).body


async def test_another_user_to_run_as_is_refused(world: World) -> None:
    answer = await world.ask("POST", "/jobs", given({"UserName": "ben", "Password": "x"}))
    assert answer.status == 403
    assert "ben" in answer.said
