"""`headgate job …`: over HTTP, with the token of `headgate login`."""

import re
import shlex
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli import failures, scripts
from headgate.cli.connection import Url, connect
from headgate.cli.tables import date, fields, plain, table, write

if TYPE_CHECKING:
    from headgate.client.answers import Job, Task
    from headgate.client.api import Client

app = typer.Typer(no_args_is_help=True, help="Jobs, on a server you are logged in to.")

Id = Annotated[int, typer.Argument(help="Number of the job.", min=1)]
POLL_S = 0.5
NO_FLAVOUR = "none"


@app.command()
def submit(
    words: Annotated[
        list[str],
        typer.Argument(metavar="FILE | -- COMMAND…", help="A script file, or behind `--` a command."),
    ],
    name: Annotated[str, typer.Option(help="Name of the job.")] = "",
    project: Annotated[str, typer.Option(help="Project it is counted for.")] = "",
    template: Annotated[str, typer.Option(help="Job template (Default).")] = "",
    notify: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Send a mail there when it starts and when it has ended.")
    ] = "",
    cores: Annotated[int | None, typer.Option(help="Cores for each run.", min=1)] = None,
    sweep: Annotated[
        str,
        typer.Option(metavar="A-B[:STEP]", help="Run it for each number; * in the command is the number."),
    ] = "",
    workdir: Annotated[str, typer.Option(help="Folder it runs in (the account's home).")] = "",
    stdin: Annotated[str, typer.Option(help="File to read from.")] = "",
    stdout: Annotated[str, typer.Option(help="File to write to (else captured: job logs).")] = "",
    stderr: Annotated[str, typer.Option(help="File for errors (else captured).")] = "",
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable; may be repeated.")
    ] = None,
    runtime: Annotated[int | None, typer.Option(help="Seconds until it is stopped.", min=1)] = None,
    priority: Annotated[int | None, typer.Option(help="0 to 4000; 2000 is normal.", min=0, max=4000)] = None,
    after: Annotated[list[int] | None, typer.Option(help="Wait for this job; may be repeated.")] = None,
    node: Annotated[list[str] | None, typer.Option(help="Run on this node; may be repeated.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Run on nodes of this group; may be repeated.")
    ] = None,
    queue: Annotated[str, typer.Option(help="Name of the queue (a job script: of the default one).")] = "",
    flavour: Annotated[
        str, typer.Option(help="What the script's directives are: pbs, pjm, slurm or none (else they tell).")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it has ended; 1 unless it finished.")
    ] = False,
    url: Url = "",
) -> None:
    """Submit a job of one task and print its number."""
    work, script = _work(words, flavour)
    task: dict[str, Any] = {
        **work,
        "sweep": _sweep(sweep),
        "cores": cores,
        "work_directory": workdir,
        "stdin": stdin,
        "stdout": stdout,
        "stderr": stderr,
    }
    job: dict[str, Any] = {
        "name": name,
        "project": project,
        "template": template,
        "notify_on_start": True if notify else None,
        "notify_on_completion": True if notify else None,
        "email_address": notify,
        "priority": priority,
        "runtime_s": runtime,
        "environment": dict(map(_variable, env or [])),
        "depends_on": after,
        "requested_nodes": node,
        "node_groups": group,
        "queue": queue,
        "tasks": [_given(task)],
        **script,
    }
    with connect(url) as client:
        made = client.submit(_given(job))
        typer.echo(made.id)
        for warning in made.warnings:
            typer.echo(f"headgate: {warning}", err=True)
        if wait:
            made = client.wait(made.id)
        _end(client, made)


@app.command("list")
def list_jobs(
    state: Annotated[str, typer.Option(help="States, comma separated.")] = "",
    owner: Annotated[str, typer.Option(help="Whose jobs.")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="Your own.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    sort: Annotated[
        str, typer.Option(help="id, owner, changed, name or state; - in front: backwards.")
    ] = "-id",
    url: Url = "",
) -> None:
    """List jobs, the newest first."""
    from itertools import islice

    with connect(url) as client:
        whose = client.me().name if mine else owner
        found = list(islice(client.jobs(state=state, owner=whose, sort=sort, page=min(limit, 1000)), limit))
    heads = ("Job", "Name", "Owner", "State", "Tasks", "Submitted", "Ended", "Origin")
    rows = (
        (j.id, j.name, j.owner, j.state, j.task_count, date(j.submitted), date(j.ended), j.origin)
        for j in found
    )
    table(heads, rows)


@app.command()
def show(job: Id, url: Url = "") -> None:
    """Show a job and its tasks."""
    from itertools import islice

    with connect(url) as client:
        found = client.job(job)
        tasks = list(islice(client.tasks(job), 100))
        first = failures.first_failed(client, found)
    fields(
        {
            "Job": found.id,
            "Name": found.name,
            "Owner": found.owner,
            "Origin": found.origin,
            "State": found.state,
            "Why": found.pending_text or found.failure or found.pending_reason,
            "First failed": failures.why(first) if first else "",
            "Its output": failures.output(first) if first else "",
            "Queue": found.queue,
            "Template": found.template,
            "Priority": found.priority,
            "Submitted": date(found.submitted),
            "Started": date(found.started),
            "Ended": date(found.ended),
            "Nodes": ", ".join(found.nodes),
            "Warnings": "; ".join(found.warnings),
            "Tasks": found.task_count,
        }
    )
    heads = ("Task", "Name", "Kind", "State", "Exit", "Runs", "Command")
    rows = (
        (
            t.label,
            t.name,
            t.kind,
            t.state,
            "" if t.exit_code is None else t.exit_code,
            "" if t.instance_count is None else t.instance_count,
            (t.command or "").partition("\n")[0][:60],
        )
        for t in tasks
    )
    table(heads, rows)


@app.command()
def cancel(
    jobs: Annotated[list[int], typer.Argument(help="Numbers of the jobs.", min=1)],
    message: Annotated[str, typer.Option(help="Why.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Kill at once, without the stop signal.")] = False,
    url: Url = "",
) -> None:
    """Cancel jobs."""
    with connect(url) as client:
        for job in jobs:
            client.cancel(job, message=message, forced=force)


Kind = Annotated[str, typer.Option(help="Whose hold: user, operator or system.")]


@app.command()
def hold(job: Id, kind: Kind = "user", url: Url = "") -> None:
    """Hold a job: nothing (more) of it is started."""
    with connect(url) as client:
        client.hold(job, kind)


@app.command()
def release(job: Id, kind: Kind = "user", url: Url = "") -> None:
    """Release a hold."""
    with connect(url) as client:
        client.release(job, kind)


@app.command()
def requeue(job: Id, url: Url = "") -> None:
    """Run again what failed or was cancelled."""
    with connect(url) as client:
        client.requeue(job)


@app.command()
def logs(
    place: Annotated[str, typer.Argument(metavar="JOB[.TASK[.INSTANCE]]", help="Whose output.")],
    url: Url = "",
) -> None:
    """Print what a job wrote (what was captured: at most 64 KiB of each run)."""
    found = re.fullmatch(r"(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?", place)
    if found is None:
        raise typer.BadParameter("that is JOB, JOB.TASK or JOB.TASK.INSTANCE", param_hint="JOB")
    job, task, instance = (int(part) if part else None for part in found.groups())
    with connect(url) as client:
        if job and task and instance:
            _write_output(client, client.task(job, task, instance))
            return
        if task is not None:
            client.task(job or 0, task)  # or it is refused that there is none
        rows = list(client.tasks(job or 0, task=task, expand=True, page=1000))
        for row in rows:
            if len(rows) > 1:
                write(f"==> {row.label} <==\n")
            _write_output(client, row)


def _write_output(client: "Client", task: "Task") -> None:
    """What was captured of it; where nothing was, because it goes to files, where those are."""
    captured, cut = client.captured(task.job, task.number, task.instance)
    write(captured)
    if cut:
        more = "no more of it was kept; a job with --stdout and --stderr keeps all, in files"
        typer.echo(f"headgate: task {task.label}: {more}", err=True)
    if captured or task.started is None:
        return
    told = task if task.output_file else client.task(task.job, task.number, task.instance)
    if files := failures.files(told):
        told_to = plain(f"task {task.label} writes to {', '.join(files)}")
        typer.echo(f"headgate: {told_to}", err=True)


@app.command()
def watch(job: Id, url: Url = "") -> None:
    """Say each change of a job's state until it has ended; 1 unless it finished."""
    with connect(url) as client:
        _end(client, _watch(client, job))


def _watch(client: "Client", job_id: int) -> "Job":
    said = ""
    while True:
        job = client.job(job_id)
        line = f"{job.state}, {job.task_count - job.open_tasks} of {job.task_count} tasks ended"
        if line != said:
            typer.echo(f"{date(job.changed)}  job {job.id} {line}")
            said = line
        if job.has_ended:
            return job
        time.sleep(POLL_S)


def _end(client: "Client", job: "Job") -> None:
    """Say why and exit with 1 when a job has failed or was cancelled."""
    if not job.has_ended or job.state == "finished":
        return
    lines = [f"job {job.id} {job.state}{': ' if job.failure else ''}{job.failure}"]
    first = failures.first_failed(client, job)
    if first is not None:
        lines.append(f"task {failures.why(first)}")
        if where := failures.output(first):
            lines.append(f"its output: {where}")
    for line in lines:
        typer.echo(f"headgate: {plain(line)}", err=True)
    raise typer.Exit(1)


def _work(words: list[str], flavour: str) -> tuple[dict[str, str], dict[str, Any]]:
    """One word that names a file is a script; anything else is a command.

    What the task is, and what the job has to say of a script with directives.
    """
    separated = "--" in sys.argv
    if len(words) == 1 and not separated:
        return _script(words[0], flavour)
    if flavour or not separated:
        raise typer.BadParameter("one script file, or `--` and a command", param_hint="FILE")
    # One word is a line for the shell as it is; several are the words of a command.
    return {"command": words[0] if len(words) == 1 else shlex.join(words)}, {}


def _script(file: str, flavour: str) -> tuple[dict[str, str], dict[str, Any]]:
    raw = scripts.read_file(file)
    try:
        work = {"script": raw.decode()}
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file}: it is not UTF-8 text", param_hint="FILE") from None
    known = scripts.flavours()
    name = "" if flavour == NO_FLAVOUR else scripts.chosen(flavour, raw, known)
    return work, scripts.submission(file, raw, name) if name else {}


def _sweep(text: str) -> dict[str, int] | None:
    if not text:
        return None
    found = re.fullmatch(r"(-?\d+)-(-?\d+)(?::([1-9]\d*))?", text)
    if found is None:
        raise typer.BadParameter("a sweep is A-B or A-B:STEP, as 1-100 or 0-10:2", param_hint="--sweep")
    return {"start": int(found[1]), "end": int(found[2]), "increment": int(found[3] or 1)}


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter("a variable is NAME=VALUE", param_hint="--env")
    return name, value


def _given(members: dict[str, Any]) -> dict[str, Any]:
    """Without what was not said."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
