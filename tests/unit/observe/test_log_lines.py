"""docs/logs.md has every event and field, and lines are as the schema says."""

import json
import logging
import re

import pytest

from cryptostream.core.codec.log_line import LogLine, decode
from cryptostream.core.result import Err, Ok
from cryptostream_operator.effects.logs import JsonLines
from tests.support.data import ROOT
from tests.support.log_events import events

PAGE = (ROOT / "docs/logs.md").read_text()
ROWS = re.findall(r"^\| (error|warning|info|debug) \| (`[^|]*`) \|", PAGE, re.MULTILINE)
TOLD = {(event, level) for level, cell in ROWS for event in re.findall(r"`(\w+)`", cell)}
NOTES = {"in_future", "off_grid", "chain_break", "restated", "reappeared"}
"""The producer says them as they come from its step."""
LINE = {"at": "2026-11-23T11:42:07.118Z", "level": "info", "event": "started"}


def test_the_page_has_every_event_with_its_level() -> None:
    assert {each for each in TOLD if each[0] not in NOTES} == events()
    assert {event for event, _ in TOLD} >= NOTES


def test_the_page_has_every_field() -> None:
    head = PAGE.partition("All other fields")[0]
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*) \|", head, re.MULTILINE)))) == set(
        LogLine.__struct_fields__
    )


def test_the_example_of_the_page_is_a_line() -> None:
    example = re.search(r"```json\n(.*)\n```", PAGE)
    assert example is not None
    assert isinstance(decode(example[1]), Ok)


@pytest.mark.parametrize(
    "changed", [{"at": "yesterday"}, {"level": "loud"}, {"event": ""}, {"event": None}, {"simulated": "yes"}]
)
def test_what_is_otherwise_is_no_line(changed: dict[str, object]) -> None:
    assert isinstance(decode(json.dumps(LINE)), Ok)
    assert isinstance(decode(json.dumps(LINE | changed)), Err)


def test_the_operators_lines_name_libraries_and_tracebacks_as_others_do() -> None:
    ours = logging.makeLogRecord({"name": "cryptostream_operator.handlers.life", "levelname": "INFO", "msg": "leading"})
    line = decode(JsonLines().format(ours))
    assert isinstance(line, Ok)
    assert (line.value.event, line.value.logger, line.value.traceback) == ("leading", None, None)
    told = (ValueError, ValueError("no"), None)
    theirs = logging.makeLogRecord({"name": "kopf.objects", "levelname": "ERROR", "msg": "Failed.", "exc_info": told})
    line = decode(JsonLines().format(theirs))
    assert isinstance(line, Ok)
    assert line.value.logger == "kopf.objects"
    assert "ValueError: no" in (line.value.traceback or "")
