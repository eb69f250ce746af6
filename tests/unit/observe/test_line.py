"""One record, one line of JSON, and no secret in it."""

import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.series import Series
from cryptostream.observe.line import blotted, line

AT = 1_761_711_780.0045


def record(event: str, **fields: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "cryptostream", "levelname": "WARNING", "msg": event, "fields": fields})
    made.created = AT
    return made


def read(text: str) -> dict[str, object]:
    assert text.endswith("\n")
    assert text.count("\n") == 1
    value = json.loads(text)
    assert isinstance(value, dict)
    return value


def test_a_line_is_at_level_event_stream_and_the_fields_in_this_order() -> None:
    said = read(line(record("cycle_done", cycle=1, seconds=0.45), {"stream": "market.majors", "simulated": True}))
    assert list(said.items()) == [
        ("at", "2025-10-29T04:23:00.004Z"),
        ("level", "warning"),
        ("event", "cycle_done"),
        ("stream", "market.majors"),
        ("simulated", True),
        ("cycle", 1),
        ("seconds", 0.45),
    ]


def test_no_field_replaces_the_head() -> None:
    said = read(line(record("e", at="never", level="none", stream="other"), {"stream": "market.majors"}))
    assert said == {
        "at": "2025-10-29T04:23:00.004Z",
        "level": "warning",
        "event": "e",
        "stream": "market.majors",
    }


def test_a_library_is_named_and_its_arguments_are_filled_in() -> None:
    made = logging.LogRecord("urllib3", logging.WARNING, "", 0, "retry %d of %s", (2, "it"), None)
    said = read(line(made, {}))
    assert said["event"] == "retry 2 of it"
    assert said["logger"] == "urllib3"


def test_an_error_brings_its_traceback() -> None:
    made = record("store_failed")
    fault = OSError("disk full")
    made.exc_info = (OSError, fault, None)
    assert "OSError: disk full" in str(read(line(made, {}))["traceback"])


def test_what_json_does_not_know_is_written_as_text() -> None:
    said = read(line(record("e", series=Series("BTCUSDC", "1m"), error=ValueError("bad"), limit=float("nan")), {}))
    assert said["series"] == {"symbol": "BTCUSDC", "interval": "1m"}
    assert said["error"] == "bad"
    assert said["limit"] is None


def test_secrets_are_blotted_out() -> None:
    said = {
        "token": "t0ken",
        "adminPassword": "pa55",
        "headers": {"Authorization": "Bearer b34rer", "Accept": "*/*"},
        "proxy": "http://ann:pa55@proxy:3128/x",
        "url": "https://host/api?symbol=BTCUSDC&signature=5ign&limit=1",
        "tried": ["http://ann:pa55@proxy", 3],
    }
    shown = json.dumps(blotted(said))
    assert not [secret for secret in ("t0ken", "pa55", "b34rer", "5ign") if secret in shown]
    assert "proxy:3128/x" in shown
    assert "symbol=BTCUSDC" in shown
    assert "limit=1" in shown
    assert "*/*" in shown


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(-(2**63), 2**63), st.floats(), st.none())))
def test_whatever_is_said_is_one_line(fields: dict[str, object]) -> None:
    read(line(record("e", **{f"f_{name}": value for name, value in fields.items()}), {}))
