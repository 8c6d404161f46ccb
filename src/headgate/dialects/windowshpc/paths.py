"""The two path layouts, with and without the cluster (spec windowshpc, section 1.1). Pure."""

from collections.abc import Collection

from headgate.core.errors import NotFound


def without_cluster(path: str, words: Collection[str], cluster: str) -> str:
    """The path behind the cluster's segment, if there is one.

    words: first steps of operations, lower-cased; anything else in their place is a cluster. Raises NotFound
    for a cluster that is not ours, and for the list of clusters behind one.
    """
    steps = [step for step in path.split("/") if step]
    if not steps or steps[0].lower() in words:
        return path
    if steps[0].casefold() != cluster.casefold():
        raise NotFound(f"There is no cluster or operation {steps[0][:80]}.", kind="cluster")
    if len(steps) > 1 and steps[1].lower() == "clusters":
        raise NotFound("The list of clusters is not in one of them.", kind="path")
    return "/" + "/".join(steps[1:])
