"""Every option of spec pbs, sections 2, 2.2 and 3.3, read and written."""

import pytest

from headgate.core.scripts import ScriptError, Submitter
from headgate.scripts.pbs import FLAVOUR
from headgate.scripts.pbs.tables import RESOURCES, SETTINGS, Scope, Setting

BY = Submitter(
    now=1_709_629_502_000_000, time_zone="Europe/Berlin", file="job.sh", variables={"HOME": "/home/ada"}
)

CASES = {
    "-a": ("-a 202503050905", "-a 202503050905.00"),
    "-A": ("-A 'team a'", '-A "team a"'),
    "-c": ("-c w=10", "-c w=10"),
    "-C": ("-C '#XYZ'", '-C "#XYZ"'),
    "-e": ("-e host:err", "-e host:err"),
    "-o": ("-oout.^array_index^", "-o out.^array_index^"),
    "-f": ("-f", "-f"),
    "-h": ("-h", "-h"),
    "-j": ("-j oe", "-j oe"),
    "-J": ("-J 1-9:2%3", "-J 1-9:2%3"),
    "-k": ("-koed", "-k oed"),
    "-l": ("-l walltime=90", "-l walltime=00:01:30"),
    "-m": ("-m abe", "-m abe"),
    "-M": ("-M ada@example.org,bob", '-M "ada@example.org,bob"'),
    "-N": ("-Ndemo", "-N demo"),
    "-p": ("-p -5", "-p -5"),
    "-P": ("-P proj", "-P proj"),
    "-q": ("-q high@srv", "-q high@srv"),
    "-r": ("-r n", "-r n"),
    "-R": ("-R oe", "-R oe"),
    "-S": ("-S /bin/zsh", "-S /bin/zsh"),
    "-u": ("-u bob", "-u bob"),
    "-v": ("-v A=1,HOME", '-v "A=1,HOME=/home/ada"'),
    "-V": ("-V", "-V"),
    "-z": ("-z", "-z"),
    "-W block=": ("-W block=true", "-W block=true"),
    "-W create_resv_from_job=": ("-W create_resv_from_job=1", "-W create_resv_from_job=1"),
    "-W depend=": ("-W depend=afterok:1:2,on:3", "-W depend=afterok:1:2,on:3"),
    "-W group_list=": ("-W group_list=hpc", "-W group_list=hpc"),
    "-W max_run_subjobs=": ("-J 1-9 -W max_run_subjobs=2", "-J 1-9%2"),
    "-W release_nodes_on_stageout=": (
        "-W release_nodes_on_stageout=true",
        "-W release_nodes_on_stageout=true",
    ),
    "-W run_count=": ("-W run_count=3", "-W run_count=3"),
    "-W sandbox=": ("-W sandbox=PRIVATE", "-W sandbox=PRIVATE"),
    "-W stagein=": ("-W stagein=a@h:/b,c@h:/d", '-W "stagein=a@h:/b,c@h:/d"'),
    "-W stageout=": ("-W stageout=a@h:/b", "-W stageout=a@h:/b"),
    "-W tolerate_node_failures=": ("-W tolerate_node_failures=all", "-W tolerate_node_failures=all"),
    "-W umask=": ("-W umask=22", "-W umask=022"),
}
"""By the spelling of the option: as given, and as written."""
REFUSED = {"-I": "-I", "-X": "-X", "-W interactive=": "-W interactive=true"}

RESOURCE_CASES = {
    "select": ("select=2:ncpus=8:mpiprocs=4", "-l select=2:ncpus=8:mpiprocs=4"),
    "place": ("select=1,place=scatter:excl", "-l place=scatter:excl"),
    "nodes": ("nodes=3:ppn=4", "-l select=3:ncpus=4:mpiprocs=4"),
    "ncpus": ("ncpus=4", "-l select=1:ncpus=4"),
    "mem": ("mem=2048mb", "-l select=1:ncpus=1:mem=2gb"),
    "mpiprocs": ("mpiprocs=2", "-l select=1:ncpus=1:mpiprocs=2"),
    "ompthreads": ("ompthreads=2", "-l select=1:ncpus=1:ompthreads=2"),
    "ngpus": ("ngpus=1", "-l select=1:ncpus=1:ngpus=1"),
    "host": ("host=n1", "-l select=1:ncpus=1:host=n1"),
    "vmem": ("vmem=4gb", "-l select=1:ncpus=1:vmem=4gb"),
    "arch": ("arch=linux", "-l select=1:ncpus=1:arch=linux"),
    "vnode": ("vnode=n1", "-l select=1:ncpus=1:vnode=n1"),
    "walltime": ("walltime=1:30:00", "-l walltime=01:30:00"),
    "min_walltime": ("min_walltime=10", "-l min_walltime=00:00:10"),
    "max_walltime": ("min_walltime=10,max_walltime=20", "-l max_walltime=00:00:20"),
    "pcput": ("pcput=60", "-l pcput=00:01:00"),
    "pmem": ("pmem=1gb", "-l pmem=1gb"),
    "pvmem": ("pvmem=1gb", "-l pvmem=1gb"),
    "file": ("file=1tb", "-l file=1tb"),
    "cput": ("cput=90", "-l cput=00:01:30"),
    "nice": ("nice=10", "-l nice=10"),
    "software": ("software='a b'", "-l 'software=\"a b\"'"),
}
RESOURCES_REFUSED = {
    "nodect": "-l nodect=3",
    "soft_walltime": "-l soft_walltime=10",
    "eligible_time": "-l eligible_time=1",
}


def written(directive: str) -> list[str]:
    """The directives of a script with this one, written anew; nothing is lost, and it reads back the same."""
    script = FLAVOUR.parse(f"#PBS {directive}\n".encode(), BY)
    rendered = FLAVOUR.render(script, BY)
    assert not rendered.losses
    again = FLAVOUR.parse(rendered.text, BY)
    assert (again.job, again.environment) == (script.job, script.environment)
    return [line.removeprefix("#PBS ") for line in rendered.text.decode().splitlines()]


def test_every_option_has_its_case() -> None:
    assert {setting.spelling for setting in SETTINGS} == {*CASES, *REFUSED}
    assert {resource.name for resource in RESOURCES} == {*RESOURCE_CASES, *RESOURCES_REFUSED}
    assert {entry.name for entry in RESOURCES if entry.scope is Scope.READ_ONLY} == set(RESOURCES_REFUSED)


@pytest.mark.parametrize("spelling", CASES)
def test_an_option_is_read_and_written(spelling: str) -> None:
    given, shown = CASES[spelling]
    assert shown in written(given)


@pytest.mark.parametrize("name", RESOURCE_CASES)
def test_a_resource_is_read_and_written(name: str) -> None:
    given, shown = RESOURCE_CASES[name]
    assert shown in written(f"-l {given}")


@pytest.mark.parametrize("directive", [*REFUSED.values(), *RESOURCES_REFUSED.values()])
def test_what_can_not_be_is_refused_with_a_reason_and_a_place(directive: str) -> None:
    with pytest.raises(ScriptError) as refused:
        FLAVOUR.parse(f"#!/bin/sh\n#PBS {directive}\n".encode(), BY)
    assert refused.value.note.line == 2
    assert refused.value.note.column >= 6


TOLD = [entry for entry in SETTINGS if entry.note]


@pytest.mark.parametrize("setting", TOLD, ids=lambda entry: entry.spelling)
def test_what_is_only_kept_is_told(setting: Setting) -> None:
    given, _ = CASES[setting.spelling]
    notes = FLAVOUR.parse(f"#PBS {given}\n".encode(), BY).notes
    assert [note.text for note in notes] == [f"{setting.note}."]
