"""Logging set up for real, into a file, a stream and standard error."""

import io
import json
import logging
from pathlib import Path

import pytest

from cryptostream.observe.logs import JsonLines, Log, setup_logging


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_events_go_to_the_file_with_stream_and_simulated(tmp_path: Path) -> None:
    file = tmp_path / "new" / "run.jsonl"
    for n in (1, 2):  # the second run appends
        with setup_logging(file, "info", stream="market.majors", simulated=True) as log:
            log.bind(part="producer").info("cycle_done", cycle=n)
            log.debug("too_much")
    said = lines(file.read_text())
    assert [(x["event"], x["cycle"], x["part"], x["stream"], x["simulated"]) for x in said] == [
        ("cycle_done", 1, "producer", "market.majors", True),
        ("cycle_done", 2, "producer", "market.majors", True),
    ]


def test_without_a_target_it_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with setup_logging(None, "debug", stream="a.b", simulated=False) as log:
        log.debug("opened")
    taken = capsys.readouterr()
    assert [x["event"] for x in lines(taken.err)] == ["opened"]
    assert taken.out == ""


def test_libraries_are_heard_from_warnings_up() -> None:
    target = io.StringIO()
    with setup_logging(target, "debug", stream="a.b", simulated=False):
        logging.getLogger("websockets.client").info("chatter")
        logging.getLogger("websockets.client").warning("connection lost: %s", "reset")
    assert [(x["logger"], x["event"]) for x in lines(target.getvalue())] == [
        ("websockets.client", "connection lost: reset")
    ]


def test_afterwards_logging_is_as_it_was() -> None:
    before = (logging.getLogger().handlers[:], logging.getLogger("cryptostream").level)
    target = io.StringIO()
    with setup_logging(target, "debug", stream="a.b", simulated=False) as log:
        pass
    log.error("late")
    assert (logging.getLogger().handlers[:], logging.getLogger("cryptostream").level) == before
    assert target.getvalue() == ""


def test_an_event_said_500_times_is_said_20_times_and_counted() -> None:
    target = io.StringIO()
    with setup_logging(target, "info", stream="a.b", simulated=False) as log:
        for n in range(500):
            log.warning("rest_failed", n=n)
        log.info("something_else")
    said = lines(target.getvalue())
    assert [x["event"] for x in said] == ["rest_failed"] * 20 + ["something_else", "repeated"]
    assert {key: said[-1][key] for key in ("level", "of", "times")} == {
        "level": "warning",
        "of": "rest_failed",
        "times": 480,
    }


def test_repeats_are_told_when_their_time_is_over() -> None:
    target = io.StringIO()
    handler = JsonLines(target, {"stream": "a.b"})
    for second in [0.0] * 30 + [10.0]:
        record = logging.makeLogRecord({"name": "cryptostream", "levelno": logging.INFO, "msg": "rest_failed"})
        record.created = second
        handler.handle(record)
    said = lines(target.getvalue())
    assert said[20] | {"at": ""} == {
        "at": "",
        "level": "info",
        "event": "repeated",
        "stream": "a.b",
        "of": "rest_failed",
        "times": 10,
        "seconds": 10.0,
    }
    assert [x["event"] for x in said[21:]] == ["rest_failed"]


def test_an_error_carries_its_traceback() -> None:
    target = io.StringIO()
    with setup_logging(target, "info", stream="a.b", simulated=False) as log:
        log.error("store_failed", error=OSError("disk full"), path="x")
    (said,) = lines(target.getvalue())
    assert (said["level"], said["path"]) == ("error", "x")
    assert "disk full" in str(said["traceback"])


def test_a_target_that_fails_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    target = io.StringIO()
    with setup_logging(target, "info", stream="a.b", simulated=False) as log:
        target.close()
        log.info("unheard")
    assert "closed file" in capsys.readouterr().err


def test_a_log_needs_no_set_up() -> None:
    Log().info("unheard", field=1)
