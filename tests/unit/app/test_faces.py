"""app/faces.py: what the page at `/` says of the faces."""

from typing import Any, NamedTuple, cast

from headgate.app.faces import _signposts
from headgate.http.faces import Face


class Shown(NamedTuple):
    """What a face tells of itself."""

    title: str
    page: str = ""
    described_at: str = "/openapi.json"


def test_what_a_face_has_to_read_stands_under_it_with_its_name() -> None:
    apps = (("/a", Shown("First", page="/doc")), ("/b", Shown("Second")))
    posts = _signposts([Face(path[1:], path, cast(Any, app)) for path, app in apps])
    assert [(post.path, post.what) for post in posts[:5]] == [
        ("/a", "First"),
        ("/a/doc", "the operations of First, for people"),
        ("/a/openapi.json", "the operations of First, for programs"),
        ("/b", "Second"),
        ("/b/openapi.json", "the operations of Second, for programs"),
    ]
