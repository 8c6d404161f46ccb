"""dialects/windowshpc/paths.py: spec windowshpc, section 1.1."""

import pytest

from headgate.core.errors import NotFound
from headgate.dialects.windowshpc.paths import without_cluster

WORDS = ("jobs", "job", "clusters")


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/Jobs", "/Jobs"),
        ("/mine/Jobs", "/Jobs"),
        ("/MINE//Job//1/", "/Job/1"),
        ("//mine/jobs", "/jobs"),
        ("/Clusters", "/Clusters"),
        ("/", "/"),
        ("", ""),
        ("/Mine", "/"),
        ("/job/mine", "/job/mine"),
    ],
)
def test_the_cluster_is_left_out(path: str, rest: str) -> None:
    assert without_cluster(path, WORDS, "Mine") == rest


@pytest.mark.parametrize("path", ["/other/Jobs", "/other", "/mine/clusters", "/mine/Clusters/x"])
def test_other_clusters_are_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        without_cluster(path, WORDS, "Mine")
