import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.launch import PATH, Launch, OsAccount
from headgate.core.surroundings import environment, expand

ANN = OsAccount("ann", 1001, 1001, "/home/ann", (1001,), "/bin/zsh")
VARIABLES = {"CCP_JOBID": "37", "A": "$CCP_JOBID", "EMPTY": "", "x_1": "y"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("out.txt", "out.txt"),
        ("%CCP_JOBID%.out", "37.out"),
        ("$CCP_JOBID.out", "37.out"),
        ("${CCP_JOBID}0.$x_1", "370.y"),
        ("$CCP_JOBID0", "$CCP_JOBID0"),
        ("%CCP_JOBID%%CCP_JOBID%", "3737"),
        ("[%EMPTY%$EMPTY]", "[]"),
        ("$A%A%", "$CCP_JOBID$CCP_JOBID"),
        ("100% of %UNKNOWN% at ${UNKNOWN} for $UNKNOWN", "100% of %UNKNOWN% at ${UNKNOWN} for $UNKNOWN"),
        ("$5 $$ ${} %% %1% ${A", "$5 $$ ${} %% %1% ${A"),
    ],
)
def test_a_path_is_expanded_once_and_unknown_names_stay(text: str, expanded: str) -> None:
    assert expand(text, VARIABLES) == expanded


@given(st.text())
def test_any_text_may_be_a_path(text: str) -> None:
    assert expand(text, {}) == text


def test_the_environment_is_built_from_nothing() -> None:
    assert environment(Launch(script=b""), ANN) == {
        "HOME": "/home/ann",
        "USER": "ann",
        "LOGNAME": "ann",
        "SHELL": "/bin/zsh",
        "PATH": PATH,
    }


def test_the_jobs_variables_win() -> None:
    launch = Launch(script=b"", environment=(("PATH", "/opt/bin"), ("X", "1"), ("X", "2")))
    found = environment(launch, ANN)
    assert (found["PATH"], found["X"], found["HOME"]) == ("/opt/bin", "2", "/home/ann")
