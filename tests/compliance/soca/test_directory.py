"""Users, groups, rights, keys and files: spec soca, sections 2, 5 and 6.1."""

from base64 import b64encode
from typing import Any

import pytest

from tests.compliance.soca.world import PASSWORD, ROOT, World

EVE = {
    "user": "eve",
    "password": "Lovelace-1",
    "sudoers": "0",
    "email": "eve@example.org",
    "uid": "0",
    "gid": "0",
}


async def told(
    world: World, method: str, path: str, form: dict[str, str] | None = None, **more: Any
) -> tuple[int, Any]:
    """Status and message, as the administrator."""
    answer = await world.ask(method, path, form, **{"user": "boss"} | more)
    return answer.status, answer.message


async def test_a_user_is_made_shown_and_removed(world: World) -> None:
    assert await told(world, "POST", "/ldap/user", EVE) == (200, "Added user")
    status, entry = await told(world, "GET", "/ldap/user", query={"user": "eve"})
    assert status == 200
    assert "mail: eve@example.org" in entry.splitlines()
    _, users = await told(world, "GET", "/ldap/users", user="ada")
    assert users["eve"] == "uid=eve,ou=People,o=headgate"
    assert await told(world, "DELETE", "/ldap/user", {"user": "eve"}) == (200, "Deleted user.")
    assert await told(world, "GET", "/ldap/user", query={"user": "eve"}) == (203, "Unknown user")
    assert await told(world, "DELETE", "/ldap/user", {"user": "eve"}) == (203, "Unknown user")


async def test_a_user_that_is_made_here_has_no_account_of_the_machine(world: World) -> None:
    await told(world, "POST", "/ldap/user", EVE)
    world.keys["eve"] = (
        await world.ask(
            "GET", "/user/api_key", user=None, headers={"X-SOCA-TOKEN": ROOT}, query={"user": "eve"}
        )
    ).message
    answer = await world.post("true\n", user="eve")
    assert (answer.status, answer.code) == (500, "QSUB_IMPOSSIBLE")
    assert answer.message["error"] == "Unable to run Qsub command."
    assert await world.count() == 0


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"user": ""}, 400, "CLIENT_MISSING_PARAMETER"),
        ({"user": "///"}, 400, "CLIENT_MISSING_PARAMETER"),
        ({"password": ""}, 400, "CLIENT_MISSING_PARAMETER"),
        ({"email": "nobody"}, 400, "INVALID_EMAIL_ADDRESS"),
        ({"sudoers": "true"}, 400, "CLIENT_INVALID_PARAMETER"),
        ({"sudoers": "2"}, 400, "CLIENT_INVALID_PARAMETER"),
        ({"uid": "abc"}, 400, "CLIENT_INVALID_PARAMETER"),
        ({"uid": "-3"}, 400, "CLIENT_INVALID_PARAMETER"),
        ({"password": "short"}, 234, "DS_PASSWORD_COMPLEXITY_ERROR"),
        ({"password": "Eve-12345"}, 236, "DS_PASSWORD_USERNAME_IN_PW"),
        ({"user": "admin"}, 237, "DS_PASSWORD_USERNAME_IS_ADMIN"),
        ({"user": "ada"}, 500, "COULD_NOT_CREATE_GROUP"),
    ],
)
async def test_a_user_that_cant_be_is_refused(
    world: World, changes: dict[str, str], status: int, code: str
) -> None:
    answer = await world.ask("POST", "/ldap/user", EVE | changes, user="boss")
    assert (answer.status, answer.code) == (status, code), answer.body
    assert "eve" not in (await told(world, "GET", "/ldap/users"))[1]


async def test_numbers_are_proposed_given_once_and_listed(world: World) -> None:
    _, ids = await told(world, "GET", "/ldap/ids")
    assert ids["proposed_uid"] not in ids["uid_in_use"]
    form = EVE | {"uid": str(ids["proposed_uid"]), "gid": str(ids["proposed_gid"])}
    assert (await told(world, "POST", "/ldap/user", form))[0] == 200
    again = form | {"user": "eva"}
    assert (await told(world, "POST", "/ldap/user", again))[0] == 224
    assert (await told(world, "POST", "/ldap/user", again | {"uid": "0"}))[0] == 225
    assert ids["proposed_uid"] in (await told(world, "GET", "/ldap/ids"))[1]["uid_in_use"]


async def test_nobody_removes_themselves_nor_without_saying_who_they_are(world: World) -> None:
    status, message = await told(world, "DELETE", "/ldap/user", {"user": "boss"})
    assert (status, message) == (400, "You cannot delete your own user/group")
    answer = await world.ask(
        "DELETE", "/ldap/user", {"user": "ada"}, user=None, headers={"X-SOCA-TOKEN": ROOT}
    )
    assert (answer.status, answer.code) == (500, "X_SOCA_USER_MISSING")


async def test_a_group_lives(world: World) -> None:
    group = "/ldap/group"
    unknown = await told(world, "POST", group, {"group": "crew", "members": "ada,nobody"})
    assert unknown == (211, "Unable to create LDAP group: there is no user nobody")
    made = await told(world, "POST", group, {"group": "crew", "members": "ada, ben"})
    assert made == (200, "Group created successfully")
    assert (await told(world, "POST", group, {"group": "crew"}))[0] == 220
    change = {"group": "crew", "user": "boss", "action": "add"}
    done = (200, "LDAP attribute has been modified correctly")
    assert await told(world, "PUT", group, change) == done
    assert await told(world, "PUT", group, change | {"user": "ben", "action": "remove"}) == done
    shown = {"group_dn": "cn=crew,ou=Group,o=headgate", "members": ["ada", "boss"]}
    assert await told(world, "GET", group, query={"group": "crew"}) == (200, shown)
    assert await told(world, "GET", "/ldap/groups", user="ada") == (200, {"crew": shown})
    assert await told(world, "PUT", group, change | {"user": "x"}) == (212, "User do not exist.")
    assert (await told(world, "PUT", group, change | {"group": "x"}))[0] == 226
    assert (await told(world, "PUT", group, change | {"action": "burn"}))[0] == 400
    assert await told(world, "DELETE", group, {"group": "crew"}) == (200, "Deleted user.")
    assert (await told(world, "DELETE", group, {"group": "crew"}))[0] == 221
    gone = await told(world, "GET", group, query={"group": "crew"})
    assert gone == (226, "This LDAP group does not exist")
    assert (await told(world, "DELETE", group, {"group": "boss"}))[0] == 400
    assert (await told(world, "POST", group, {"group": "//"}))[0] == 400
    assert (await told(world, "POST", group, {"group": "x", "gid": "-1"}))[0] == 400


async def test_rights_are_given_and_taken(world: World) -> None:
    sudo = "/ldap/sudo"
    ask = {"query": {"user": "ada"}}
    assert await told(world, "GET", sudo, **ask) == (222, "User does not have SUDO permissions.")
    assert await told(world, "POST", sudo, {"user": "ada"}) == (200, "ada now has admin permission")
    assert await told(world, "GET", sudo, user="ada", **ask) == (200, "User has SUDO permissions.")
    gone = (200, "ada does not have admin permission anymore")
    assert await told(world, "DELETE", sudo, {"user": "ada"}) == gone
    assert (await told(world, "GET", sudo, user="ada", **ask))[0] == 401
    assert await told(world, "GET", sudo) == (400, "Client input malformed. user can not be empty")
    assert (await told(world, "GET", sudo, query={"user": "x"}))[0] == 203


async def test_passwords_are_checked_and_reset(world: World) -> None:
    check = {"user": "ben", "password": PASSWORD}
    assert await told(world, "POST", "/ldap/authenticate", check, user="ada") == (200, "User is valid")
    wrong = await told(world, "POST", "/ldap/authenticate", check | {"password": "x"}, user="ada")
    assert wrong == (401, "Invalid user credentials")
    reset = {"user": "ben", "password": "Byron-1815"}
    assert await told(world, "POST", "/user/reset_password", reset) == (200, "Password updated correctly.")
    assert (await told(world, "POST", "/ldap/authenticate", reset, user="ada"))[0] == 200
    assert (await told(world, "POST", "/user/reset_password", reset | {"password": "ben"}))[0] == 234
    assert (await told(world, "POST", "/user/reset_password", reset | {"user": "x"}))[0] == 203
    assert (await told(world, "POST", "/user/reset_password", reset, user="ada"))[0] == 401
    in_query = await world.ask("POST", "/ldap/authenticate", user="ada", query=check)
    assert (in_query.status, in_query.code) == (400, "CLIENT_INVALID_PARAMETER")


async def test_a_key_is_shown_to_its_user_by_password_and_to_the_root_key(world: World) -> None:
    for family in ("SOCA", "EDH"):
        headers = {f"X-{family}-USER": "ada", f"X-{family}-PASSWORD": PASSWORD}
        answer = await world.ask("GET", "/user/api_key", user=None, headers=headers, query={"user": "ada"})
        assert (answer.status, answer.message) == (200, world.keys["ada"])
        for query in ({"user": "ben"}, {"user": "nobody"}):
            other = await world.ask("GET", "/user/api_key", user=None, headers=headers, query=query)
            assert (other.status, other.message) == (401, "Not authorized")
    bad = {"X-SOCA-USER": "ada", "X-SOCA-PASSWORD": "x"}
    assert (
        await world.ask("GET", "/user/api_key", user=None, headers=bad, query={"user": "ada"})
    ).status == 401
    # An ordinary key is no way to see one, nor is an administrator's.
    for user in ("ada", "boss"):
        answer = await world.ask("GET", "/user/api_key", user=user, query={"user": "ada"})
        assert answer.status == 401


async def test_a_key_is_ended_by_the_root_key_alone(world: World) -> None:
    root = {"X-SOCA-TOKEN": ROOT}
    assert (await world.ask("DELETE", "/user/api_key", {"user": "ada"}, user="boss")).status == 401
    ended = await world.ask("DELETE", "/user/api_key", {"user": "ada"}, user=None, headers=root)
    assert (ended.status, ended.message) == (200, "Successfully deactivated")
    assert (await world.ask("GET", "/scheduler/jobs", user="ada")).status == 401
    again = await world.ask("DELETE", "/user/api_key", {"user": "ada"}, user=None, headers=root)
    assert (again.status, again.message) == (227, "Could not find any active token for this user")


async def test_files_are_read_and_written_as_the_caller(world: World) -> None:
    def form(path: str, content: bytes) -> dict[str, str]:
        return {
            "file_name": b64encode(path.encode()).decode(),
            "file_content": b64encode(content).decode(),
        }

    answer = await world.ask("POST", "/system/files", form("/home/ada/x", b"one\ntwo\n"))
    assert (answer.status, answer.message) == (200, "File Updated.")
    assert world.files.kept == {("ada", "/home/ada/x"): b"one\ntwo\n"}
    answer = await world.ask("GET", "/system/files", query={"file": "/home/ada/x"})
    assert (answer.status, answer.message) == (200, "one\ntwo\n")
    assert (await world.ask("POST", "/system/files", form("/home/ada/e", b""))).status == 200
    for path in ("/home/ada/none", "relative"):
        answer = await world.ask("GET", "/system/files", query={"file": path})
        assert (answer.status, answer.code) == (500, "FILE_ERROR")
    assert (await world.ask("GET", "/system/files")).status == 400
    assert (await world.ask("POST", "/system/files", {"file_name": "L3g="})).status == 400
    world.files.kept["ada", "/b"] = b"\xff"
    assert (await world.ask("GET", "/system/files", query={"file": "/b"})).code == "FILE_ERROR"
    root = await world.ask(
        "GET", "/system/files", user=None, headers={"X-SOCA-TOKEN": ROOT}, query={"file": "/b"}
    )
    assert (root.status, root.code) == (500, "FILE_ERROR")
