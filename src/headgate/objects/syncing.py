"""One sync from its beginning to its end, in the process that is the user (spec nifcloud, section 6.3).

Both sides are listed whole, then compared, then copied, and only when every copy has succeeded is anything
deleted. What is done is judged by what is there: so a sync that was killed is simply done again.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Final

from headgate.core.syncs import Complaint, Direction, Progress
from headgate.objects import keys
from headgate.objects.bucket import Bucket, Gone, Hopeless, Trouble, Unreachable
from headgate.objects.comparing import Facts, Local, Remote, Step, next_step
from headgate.objects.messages import Said, Told
from headgate.objects.moving import PART, Changed, Mover, file_md5
from headgate.objects.tree import Listing, Tree
from headgate.ports.transfers import Done

REPORT_S: Final = 1.0
COMPLAINTS: Final = 200
"""Told in all; the rest is counted."""
IN_A_ROW: Final = 20
"""After so many transfers without an answer the object store is taken to be gone."""
SKIPPED, FAILED, NOT_LISTED, ABORTED = 2, 1, 3, 9
"""Results (spec nifcloud, 6.2)."""


class Over(Exception):
    """It goes no further; `done` says why."""

    def __init__(self, done: Done) -> None:
        super().__init__(done.reason)
        self.done = done


class Syncing:
    """See the module. `say` is called by one thread at a time."""

    def __init__(self, order: Told, bucket: Bucket, say: Callable[[Said], None]) -> None:
        self._order = order
        self._bucket = bucket
        self._say = say
        self._up = order.direction is Direction.TO_ONLINE
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(Progress.__struct_fields__, 0)
        self._told = 0
        self._unanswered = 0
        self._over = threading.Event()
        self._hopeless = ""
        self._unread = False
        self._may_delete = True

    def run(self) -> None:
        """Do it, and say how it ended."""
        reporting = threading.Thread(target=self._keep_reporting, daemon=True)
        reporting.start()
        try:
            done = self._carry_out()
        except Over as over:
            done = over.done
        except OSError as error:
            done = Done(ABORTED, f"the directory can't be used: {error.strerror}")
        except Exception as error:  # noqa: BLE001 - whatever it is, its end must be told; nobody else hears it
            done = Done(ABORTED, f"a mistake in the program: {type(error).__name__}: {error}"[:500])
        self._over.set()
        reporting.join()
        self._report(done)

    # ---- the order of things

    def _carry_out(self) -> Done:
        if self._up:
            tree = self._tree()
            remote, local = self._remote(), tree.listing()
            wanted = self._namable(local)
        else:
            remote, tree = self._remote(), self._tree()
            local = tree.listing(clean=True)
            wanted = self._fit(remote)
        with ThreadPoolExecutor(self._order.connection.parallel) as pool:
            mover = Mover(tree, self._bucket, self._order.prefix, pool, self._moved)
            self._copy(pool, tree, mover, wanted, local.files, remote)
            if self._order.delete:
                self._delete(pool, tree, local, remote, wanted)
        if not self._up:
            tree.sync()
        return self._verdict()

    def _tree(self) -> Tree:
        order = self._order
        try:
            return Tree(order.root, order.path, make=not self._up)
        except OSError as error:
            reason = f"the directory can't be entered: {error.strerror}"
            raise Over(Done(ABORTED, reason, unusable=True)) from None

    def _remote(self) -> dict[str, Remote]:
        try:
            # A key that ends in a slash and has no content stands for a directory.
            return {
                key: one
                for key, one in self._bucket.listing(self._order.prefix)
                if key and not (key.endswith("/") and one.size == 0)
            }
        except Trouble as trouble:
            code = ABORTED if self._up else NOT_LISTED
            raise Over(Done(code, f"the bucket can't be listed: {trouble}")) from None

    def _namable(self, local: Listing) -> list[str]:
        """The files that can be keys."""
        for name, why in (local.others | local.unread).items():
            self._skip(name, why)
        fit = []
        for name in local.files:
            if why := keys.name_refusal(name, self._order.prefix):
                self._skip(name, why)
            else:
                fit.append(name)
        return fit

    def _fit(self, remote: Iterable[str]) -> list[str]:
        """The keys that can be files."""
        fit = []
        clashing = keys.clashing(set(remote))
        for key in remote:
            why = keys.key_refusal(key)
            if not why and key in clashing:
                why = "the key is a file and a directory at once"
            if why:
                self._fail(key, why)
            else:
                fit.append(key)
        return fit

    def _verdict(self) -> Done:
        counts = self._counts
        if self._hopeless:
            return Done(ABORTED if self._up else NOT_LISTED, self._hopeless)
        kept = "; nothing was deleted" if self._order.delete and not self._may_delete else ""
        if counts["failed"]:
            return Done(FAILED, f"{counts['failed']} could not be synced{kept}")
        if counts["skipped"]:
            return Done(SKIPPED, f"{counts['skipped']} were skipped{kept}")
        return Done(0)

    # ---- copying

    def _copy(
        self,
        pool: ThreadPoolExecutor,
        tree: Tree,
        mover: Mover,
        names: list[str],
        local: dict[str, Local],
        remote: dict[str, Remote],
    ) -> None:
        """The small ones beside each other, then the large ones, whose parts are."""
        large: list[str] = []

        def one(name: str) -> None:
            here, there = local.get(name), remote.get(name)
            size = here.size if self._up and here else there.size if there else 0
            if here and there and self._same(tree, name, here, there):
                return
            with self._lock:
                self._counts["files_total"] += 1
                self._counts["bytes_total"] += size
                if size > PART:
                    large.append(name)
                    return
            self._move(mover, name, there)

        self._each(pool, names, one)
        for name in large:
            if self._hopeless:
                return
            self._guarded(name, partial(self._move, mover, name, remote.get(name)))

    def _move(self, mover: Mover, name: str, there: Remote | None) -> None:
        if self._up:
            mover.upload(name)
        elif there is not None:
            mover.download(name, there)
        self._count("files_done")

    def _same(self, tree: Tree, name: str, here: Local, there: Remote) -> bool:
        facts: Facts | None = None
        md5: str | None = None
        while True:
            match next_step(here, there, facts=facts, md5=md5):
                case Step.ASK:
                    facts = self._bucket.head(self._order.prefix + name).facts
                case Step.SUM:
                    md5 = file_md5(tree, name, here)
                case Step.COPY:
                    return False
                case step:
                    if step is Step.SET_TIME and not self._up and facts is not None:
                        tree.set_time(name, facts.mtime_ns)
                    self._count("same")
                    return True

    # ---- deleting

    def _delete(
        self,
        pool: ThreadPoolExecutor,
        tree: Tree,
        local: Listing,
        remote: dict[str, Remote],
        wanted: list[str],
    ) -> None:
        """What the source has not. Nothing, when anything of it may have stayed unknown."""
        if not self._up:
            for name, why in local.unread.items():
                self._skip(name, why)
        if self._hopeless or self._counts["failed"] or self._unread or local.unread:
            self._may_delete = False
            return
        if not self._up:
            superfluous = [name for name in local.files if name not in remote]
            self._each(pool, superfluous, lambda name: self._deleted(lambda: tree.remove(name)))
            return
        # A link or device does not travel, but is there: what its name or a name below it keeps stays.
        others = set(local.others).union(local.files)
        superfluous = [
            key
            for key in remote
            if key not in others and not any(key.startswith(f"{one}/") for one in local.others)
        ]
        prefix = self._order.prefix
        self._each(pool, superfluous, lambda key: self._deleted(lambda: self._bucket.remove(prefix + key)))

    def _deleted(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (FileNotFoundError, Gone):
            pass
        self._count("deleted")

    # ---- each, with what can happen to it

    def _each(self, pool: ThreadPoolExecutor, names: Iterable[str], act: Callable[[str], None]) -> None:
        """Do it for all, some ahead of the last one done, until there is no hope."""
        open_: set[Future[None]] = set()
        most = self._order.connection.parallel * 4
        for name in names:
            if self._hopeless:
                break
            open_.add(pool.submit(self._guarded, name, partial(act, name)))
            if len(open_) >= most:
                done, open_ = wait(open_, return_when=FIRST_COMPLETED)
                for one in done:
                    one.result()
        for one in open_:
            one.result()

    def _guarded(self, name: str, act: Callable[[], None]) -> None:
        if self._hopeless:
            return
        try:
            act()
        except Hopeless as trouble:
            self._hopeless = str(trouble)
            self._fail(name, str(trouble))
        except Unreachable as trouble:
            self._fail(name, str(trouble))
            with self._lock:
                self._unanswered += 1
                if self._unanswered >= IN_A_ROW:
                    self._hopeless = f"{IN_A_ROW} transfers in a row failed, the last: {trouble}"
        except (Trouble, Changed) as trouble:
            self._fail(name, str(trouble))
        except OSError as error:
            self._trouble_here(name, error)
        else:
            self._unanswered = 0

    def _trouble_here(self, name: str, error: OSError) -> None:
        why = error.strerror or str(error)
        if self._up:
            self._unread = True
            self._skip(name, f"it can't be read: {why}")
        else:
            self._fail(name, f"it can't be written: {why}")

    # ---- counting and telling

    def _count(self, what: str, n: int = 1) -> None:
        with self._lock:
            self._counts[what] += n

    def _moved(self, n: int) -> None:
        self._count("bytes_done", n)

    def _skip(self, name: str, why: str) -> None:
        self._count("skipped")
        self._complain(name, why)

    def _fail(self, name: str, why: str) -> None:
        self._count("failed")
        self._complain(name, why)

    def _complain(self, name: str, why: str) -> None:
        with self._lock:
            if self._told < COMPLAINTS:
                self._told += 1
                self._say(Said(complaint=Complaint(keys.shown(name), keys.shown(why))))

    def _keep_reporting(self) -> None:
        while not self._over.wait(REPORT_S):
            self._report(None)

    def _report(self, done: Done | None) -> None:
        with self._lock:
            self._say(Said(progress=Progress(**self._counts), done=done))
