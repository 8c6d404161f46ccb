"""What a scraper is told."""

from headgate.core.states import JobState
from headgate.http.metrics import FrontFigures, Metrics


def test_requests_jobs_and_readiness_are_counted() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.request("hpcpack", 200, 0.003)
    metrics.request("hpcpack", 404, 0.003)
    metrics.commit(3)
    text = metrics.text(jobs={JobState.RUNNING: 7}, ready=True).decode()
    assert 'headgate_requests_total{face="hpcpack",status="200"} 3.0' in text
    assert 'headgate_requests_total{face="hpcpack",status="404"} 1.0' in text
    assert 'headgate_request_seconds_count{face="hpcpack"} 4.0' in text
    assert 'headgate_jobs{state="running"} 7.0' in text
    assert 'headgate_jobs{state="failed"} 0.0' in text
    assert "headgate_ready 1.0" in text
    assert "headgate_commit_events_sum 3.0" in text


def test_two_servers_in_one_process_do_not_share_their_counts() -> None:
    first, second = Metrics(), Metrics()
    first.request("v1", 200, 0.1)
    assert "headgate_requests_total{" not in second.text(jobs={}, ready=False).decode()


def test_faces_with_a_limit_are_told_with_what_they_say_now() -> None:
    metrics = Metrics()
    assert "headgate_limited_requests{" not in metrics.text(jobs={}, ready=True).decode()
    text = metrics.text(jobs={}, ready=True, loads={"nifcloud": (3, 11)}).decode()
    assert 'headgate_limited_requests{face="nifcloud"} 3.0' in text
    assert 'headgate_limited_requests_refused_total{face="nifcloud"} 11.0' in text


def test_fronts_are_told_of_where_there_are_any() -> None:
    assert "headgate_front" not in Metrics().text(jobs={}, ready=True).decode()
    fronts = FrontFigures()
    metrics = Metrics(fronts)
    fronts.running, fronts.connections, fronts.ended = 2, 17, 1
    text = metrics.text(jobs={}, ready=True).decode()
    assert "headgate_fronts 2.0" in text
    assert "headgate_front_connections 17.0" in text
    assert "headgate_fronts_ended_total 1.0" in text
