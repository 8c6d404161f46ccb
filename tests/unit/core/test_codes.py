"""core/codes.py: every published code is there, and what the codes say."""

import pytest

from headgate.core.codes import BY_NUMBER, CODES, MESSAGES, OWN, WEB_SERVICE_FAULT, message, number
from headgate.core.model import Mishap


def test_all_published_codes_are_there() -> None:
    assert len(CODES) == len(BY_NUMBER) == 304


@pytest.mark.parametrize(
    ("name", "signed", "parameters"),
    [  # spec hpcpack-model, section 14.2, the signed decimals printed there
        ("Operation_CanceledByUser", -2147220991, 1),
        ("Operation_InvalidCancelJobState", -2147220984, 1),
        ("Validation_UnexpectedExceptionWhenValidating", -2147219991, 0),
        ("Execution_TaskFinishedDuringExecution", -2147218964, 1),
        ("UnknownError", -2147214990, 0),
    ],
)
def test_a_code_has_its_signed_number(name: str, signed: int, parameters: int) -> None:
    assert number(name) == signed
    assert CODES[name].parameters == parameters
    assert BY_NUMBER[signed].name == name


def test_a_name_that_is_not_published_is_a_fault_of_the_web_service() -> None:
    assert number("Operation_NoSuchThing") == WEB_SERVICE_FAULT == 267386880


def test_every_message_belongs_to_a_code() -> None:
    assert set(MESSAGES) <= set(CODES)


def test_a_message_takes_no_more_parameters_than_its_code_has() -> None:
    for name, text in MESSAGES.items():
        assert f"{{{CODES[name].parameters}}}" not in text, name


def test_codes_of_our_own_are_told_apart_from_published_ones() -> None:
    assert not set(OWN) & set(CODES)
    assert {name.partition("_")[0] for name in OWN} == {"Engine", "Script"}
    assert number("Script_JobLink") == WEB_SERVICE_FAULT
    assert message("Script_DroppedByDependency", ("7",)) == "Job deleted as result of dependency on job 7"


@pytest.mark.parametrize(
    ("name", "parameters", "fragment"),
    [  # section 14: clients search for these words
        ("Operation_InvalidCancelJobState", ("Canceled",), "Jobs in the Canceled state cannot be canceled."),
        (
            "Operation_OnlyFailedCancelledJobsCanBeConfigured",
            (),
            "Only jobs that are in the Canceled or Failed state can be requeued.",
        ),
        ("Operation_InvalidTaskId", (), "the specified subtask has not been expanded yet"),
    ],
)
def test_the_words_clients_search_for_are_there(
    name: str, parameters: tuple[str, ...], fragment: str
) -> None:
    assert fragment in message(name, parameters)


def test_a_mishap_says_what_its_code_says() -> None:
    assert (
        message(Mishap("Execution_TaskExecutionFailure", ("3",)))
        == "The command of the task ended with exit code 3."
    )


def test_a_parameter_that_looks_like_a_place_is_left_alone() -> None:
    told = message("Execution_StartJobFailedOnNode", ("{1}", "{0}"))
    assert told == "The job could not be started on node {1}: {0}"


def test_what_failed_before_a_node_was_chosen_names_none() -> None:
    told = message("Execution_StartJobFailedOnNode", ("", "there is no account"))
    assert told == "The job could not be started: there is no account"


def test_a_missing_parameter_reads_as_nothing() -> None:
    assert message("Execution_JobCanceled") == "The job was canceled. Message:"


def test_a_code_without_a_message_of_its_own_is_told_by_its_name() -> None:
    assert message("Operation_PoolNameTooLong", ("p",)) == "Pool name too long: p."
    assert message("Validation_NodeGroupOpUniform_NodeListEmpty") == "Node group op uniform node list empty."
    assert message("Operation_HPCSidUnavailable") == "HPC sid unavailable."
    assert message("") == "."
