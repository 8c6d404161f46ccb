"""The loop, turned by hand over a real store: what is sent, when, and what a restart makes of it."""

from email import message_from_bytes

import pytest

from headgate.core.model import JobSpec
from headgate.core.properties import JOB
from headgate.notify.notifier import PLACE, Notifier
from headgate.notify.settings import MailSettings
from headgate.ports.mailer import Mail, Outcome
from headgate.service.jobs import NewJob, NewTask
from tests.unit.dispatcher.story import ALICE, BOB, Story, basic

SETTINGS = MailSettings(host="mx", sender="headgate@example.org", domains=["example.org"], retry_s=10)


class Post:
    """ports.Mailer: says what it was told to say, else takes everything."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.answers: list[Outcome | BaseException] = []

    async def send(self, mail: Mail) -> Outcome:
        answer = self.answers.pop(0) if self.answers else Outcome()
        if isinstance(answer, BaseException):
            raise answer
        if not answer.unreachable:
            self.sent.append(mail)
        return answer

    async def rest(self) -> None:
        return

    def abort(self) -> None:
        return

    def subjects(self) -> list[str]:
        return [str(message_from_bytes(one.message)["Subject"]) for one in self.sent]


class Office:
    """A notifier over a story's store."""

    def __init__(self, story: Story, settings: MailSettings = SETTINGS) -> None:
        self.story = story
        self.settings = settings
        self.post = Post()
        self.notifier = self._notifier()

    def _notifier(self) -> Notifier:
        return Notifier(self.story.store, self.post, self.story.clock, self.settings, cluster="hpc")

    async def restart(self) -> None:
        """As after a kill."""
        self.notifier = self._notifier()
        await self.notifier.begin()

    async def job(self, owner: str = "alice", to: str = "a@example.org") -> int:
        """One that asks for both mails and runs until it is told to end."""
        spec = JobSpec(notify_on_start=True, notify_on_completion=True, email_address=to)
        caller = ALICE if owner == "alice" else BOB
        new = NewJob(spec=spec, tasks=[NewTask(spec=basic("true"))])
        return (await self.story.jobs.create_whole(caller, new)).id

    def kept(self) -> str | None:
        return self.story.store.peek(lambda reader: reader.meta(PLACE))


@pytest.fixture
async def office(story: Story) -> Office:
    made = Office(story)
    await made.notifier.begin()
    return made


async def test_a_job_is_told_of_when_it_starts_and_when_it_has_ended(office: Office) -> None:
    await office.job()
    await office.story.settle()
    await office.notifier.turn()
    assert office.post.subjects() == ["Job 1 started on hpc", "Job 1 finished on hpc"]
    await office.notifier.turn()
    assert len(office.post.sent) == 2, "each is told once"


async def test_what_happened_before_the_first_start_is_not_told(story: Story) -> None:
    office = Office(story)
    await office.job()
    await story.settle()
    await office.notifier.begin()
    await office.notifier.turn()
    assert office.post.sent == []


async def test_what_happened_while_nobody_was_there_is_told(office: Office) -> None:
    await office.job()
    await office.story.settle()
    await office.restart()
    await office.notifier.turn()
    assert len(office.post.sent) == 2
    await office.restart()
    await office.notifier.turn()
    assert len(office.post.sent) == 2


async def test_a_kill_between_the_handing_over_and_the_remembering_repeats_the_mail(office: Office) -> None:
    """It has the same Message-ID, by which mail programs know it for the same."""
    await office.job()
    await office.story.settle()
    before = office.kept()
    await office.notifier.turn()
    first = list(office.post.sent)
    await office.story.store.write(lambda tx: tx.put_meta(PLACE, before or ""))
    await office.restart()
    await office.notifier.turn()
    assert office.post.sent[2:] == first


async def test_a_mail_that_is_refused_for_now_is_tried_again_alone(office: Office) -> None:
    office.post.answers = [Outcome(later=("a@example.org",), reason="450 busy")]
    await office.job()
    await office.story.settle()
    wait = await office.notifier.turn()
    assert len(office.post.sent) == 2, "the other one was sent"
    assert wait == pytest.approx(10, abs=1)
    assert len((office.kept() or "").split()) == 2, "and the one is remembered"
    office.story.clock.advance(5)
    await office.notifier.turn()
    assert len(office.post.sent) == 2
    office.story.clock.advance(6)
    await office.notifier.turn()
    assert len(office.post.sent) == 3
    assert office.post.sent[2] == office.post.sent[0]


async def test_a_mail_that_waits_is_sent_after_a_restart(office: Office) -> None:
    office.post.answers = [Outcome(later=("a@example.org",), reason="450 busy")]
    await office.job()
    await office.story.settle()
    await office.notifier.turn()
    await office.restart()
    await office.notifier.turn()
    assert [one.number for one in office.post.sent[2:]] == [office.post.sent[0].number]


async def test_only_those_who_did_not_get_it_are_tried_again(office: Office) -> None:
    office.post.answers = [Outcome(later=("b@example.org",), never=("c@example.org",), reason="450, 550")]
    await office.job(to="a@example.org,b@example.org,c@example.org")
    await office.story.settle()
    await office.notifier.turn()
    office.story.clock.advance(11)
    await office.notifier.turn()
    assert office.post.sent[2].to == ("b@example.org",)


async def test_a_mail_that_is_refused_for_good_is_not_tried_again(office: Office) -> None:
    office.post.answers = [Outcome(never=("a@example.org",), reason="550 no such user")] * 2
    await office.job()
    await office.story.settle()
    for _ in range(3):
        await office.notifier.turn()
        office.story.clock.advance(100)
    assert len(office.post.sent) == 2


async def test_a_server_that_cannot_be_reached_is_left_alone_for_a_while(office: Office) -> None:
    down = Outcome(later=("a@example.org",), reason="refused", unreachable=True)
    office.post.answers = [down, down]
    await office.job()
    await office.story.settle()
    await office.notifier.turn()
    assert len(office.post.answers) == 1, "one mail was tried, not all"
    await office.notifier.turn()
    assert len(office.post.answers) == 1
    office.story.clock.advance(11)
    await office.notifier.turn()
    assert office.post.sent == []
    office.story.clock.advance(21)
    await office.notifier.turn()
    assert len(office.post.sent) == 2


async def test_old_news_is_not_sent(office: Office) -> None:
    await office.job()
    await office.story.settle()
    office.story.clock.advance(86401)
    await office.notifier.turn()
    assert office.post.sent == []
    assert (office.kept() or "0").split()[1:] == []


async def test_a_mail_is_given_up_in_the_end(office: Office) -> None:
    office.post.answers = [Outcome(later=("a@example.org",), unreachable=True)] * 99
    await office.job()
    await office.story.settle()
    for _ in range(99):
        await office.notifier.turn()
        office.story.clock.advance(1800)
    assert 0 < len(office.post.answers) < 99
    assert len((office.kept() or "").split()) == 1


async def test_one_users_flood_does_not_drown_another(story: Story) -> None:
    office = Office(story, MailSettings(host="mx", sender="h@example.org", domains=["*"], per_user_hourly=3))
    await office.notifier.begin()
    for _ in range(5):
        await office.job()
    await office.job("bob")
    await story.settle()
    await office.notifier.turn()
    assert [one.owner for one in office.post.sent].count("alice") == 3
    assert [one.owner for one in office.post.sent].count("bob") == 2


async def test_all_together_wait_for_the_next_minute(story: Story) -> None:
    office = Office(story, MailSettings(host="mx", sender="h@example.org", domains=["*"], per_minute=3))
    await office.notifier.begin()
    for _ in range(3):
        await office.job()
    await story.settle()
    wait = await office.notifier.turn()
    assert len(office.post.sent) == 3
    story.clock.advance(wait)
    await office.notifier.turn()
    assert len(office.post.sent) == 6


async def test_a_job_that_stopped_asking_is_not_told_of(office: Office) -> None:
    job = await office.job()
    await office.story.jobs.set(ALICE, job, {JOB["NotifyOnCompletion"]: False})
    await office.story.settle()
    await office.notifier.turn()
    assert office.post.subjects() == ["Job 1 started on hpc"]


async def test_it_lives_until_it_is_stopped(office: Office) -> None:
    await office.notifier.start()
    await office.job()
    await office.story.settle()
    await office.notifier.stop()
    await office.restart()
    await office.notifier.turn()
    assert len({one.number for one in office.post.sent}) == len(office.post.sent) == 2
