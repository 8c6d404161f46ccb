"""dialects/hpcpack/parameters.py: whatever arrives, a value or a refusal that names the parameter."""

import pytest

from headgate.core.errors import BadRequest, NotFound
from headgate.core.figures import Figure
from headgate.dialects.hpcpack import parameters

NOON = 1_900_000_000_000_000


def test_lists_have_each_item_once_without_blanks() -> None:
    assert parameters.listed({"names": " a ,b,,a, "}, "names") == ("a", "b")
    assert parameters.listed({"names": " , "}, "names") is None
    assert parameters.listed({}, "names") is None
    with pytest.raises(BadRequest, match="names has 1001 items"):
        parameters.listed({"names": ",".join(map(str, range(1001)))}, "names")


def test_ids_of_jobs_are_numbers() -> None:
    assert parameters.job_ids({"jobs": "1, 22,99999999999"}) == (1, 22)
    assert parameters.job_ids({}) is None
    for text in ("x", "-1", "1.5", "²"):
        with pytest.raises(BadRequest, match="jobs is a list of decimal integers"):
            parameters.job_ids({"jobs": text})


def test_words_are_spelled_as_they_are_published() -> None:
    assert parameters.word({"state": " oNLINE"}, "state", ["Online", "Offline"]) == "Online"
    assert parameters.word({"state": ""}, "state", ["Online"]) is None
    with pytest.raises(BadRequest, match="state is one of Online, Offline, not 'On'"):
        parameters.word({"state": "On"}, "state", ["Online", "Offline"])


def test_times_are_utc_where_they_have_no_zone() -> None:
    for text in ("2030-03-17T17:46:40Z", "2030-03-17T17:46:40", "2030-03-17T18:46:40+01:00"):
        assert parameters.required_time({"fromtime": text}, "fromTime") == NOON
    assert parameters.time({"fromtime": "2030-03-17T17:46:40.000001Z"}, "fromTime") == NOON + 1
    assert parameters.time({}, "toTime") is None
    with pytest.raises(BadRequest, match="toTime is a time like"):
        parameters.time({"totime": "noon"}, "toTime")
    with pytest.raises(BadRequest, match="toTime is missing"):
        parameters.required_time({"totime": " "}, "toTime")


def test_a_limit_is_one_or_more() -> None:
    assert parameters.limit({}, 7) == 7
    assert parameters.limit({"limit": "1"}, 7) == 1
    for text in ("0", "-3", "x", "99999999999"):
        with pytest.raises(BadRequest, match="limit"):
            parameters.limit({"limit": text}, 7)


def test_metrics_are_known_in_any_letter_case() -> None:
    asked = {"metricnames": "HpcCpuUsage,hpcnetwork,HPCCPUUSAGE"}
    assert parameters.figures(asked) == (Figure.CPU_USAGE, Figure.NETWORK)
    with pytest.raises(BadRequest, match="metricNames is missing: one or more of HPCCpuUsage"):
        parameters.figures({})
    with pytest.raises(BadRequest, match="no metric 'Heat'"):
        parameters.figures({"metricnames": "HPCNetwork,Heat"})
    assert parameters.figure("hpccoresinuse") is Figure.CORES_IN_USE
    with pytest.raises(NotFound, match="no metric 'Heat'"):
        parameters.figure("Heat")
