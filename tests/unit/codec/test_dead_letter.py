import pytest
from msgspec.structs import replace

from cryptostream.core.codec.dead_letter import LONGEST, OMITTED, decode, headers, identity, without_bytes
from cryptostream.core.market.reject import Rejected
from cryptostream.core.ports import DeadLetter, LogRecord
from tests.unit.codec.examples import OPEN, err, ok

REFUSED = LogRecord("market.majors.prices-1m", 3, 99, b"BTCUSDC", b'{"open":"-1"}\xff', (("lane", b"live"),), OPEN)
LETTER = DeadLetter(
    record=REFUSED,
    rejected=Rejected("negative", "open is -1: it must be above 0"),
    stage="validate",
    at=OPEN + 61_000,
    symbol="BTCUSDC",
    interval="1m",
    open_time=OPEN,
)


def published(letter: DeadLetter) -> LogRecord:
    """The letter as a reader of the dead-letter topic gets it."""
    record = letter.record
    return LogRecord("market.majors.dead-letter", 0, 7, record.key, record.value, headers(letter), OPEN + 61_500)


def test_headers_say_why_and_where_from() -> None:
    assert dict(headers(LETTER)) == {
        "original.lane": b"live",
        "reason": b"negative",
        "detail": b"open is -1: it must be above 0",
        "stage": b"validate",
        "topic": b"market.majors.prices-1m",
        "partition": b"3",
        "offset": b"99",
        "symbol": b"BTCUSDC",
        "interval": b"1m",
        "open_time": b"1761711720000",
        "at": b"1761711781000000",
    }


def test_what_is_not_known_of_a_letter_has_no_header() -> None:
    blind = replace(LETTER, symbol=None, interval=None, open_time=None, stage="decode")
    assert {"symbol", "interval", "open_time"}.isdisjoint(dict(headers(blind)))
    assert ok(decode(published(blind))).symbol is None


def test_a_letter_comes_back_with_the_original_bytes() -> None:
    back = ok(decode(published(LETTER)))
    assert back.record.value == REFUSED.value
    assert back == replace(LETTER, record=replace(REFUSED, timestamp=OPEN + 61_500))


def test_the_refused_record_keeps_its_own_headers() -> None:
    own = (("lane", b"live"), ("reason", b"\xff"), ("original.x", b""), ("lane", b"twice"))
    letter = replace(LETTER, record=replace(REFUSED, headers=own))
    back = ok(decode(published(letter)))
    assert back.record.headers == own
    assert back.rejected == LETTER.rejected


def test_what_is_too_large_is_kept_without_its_bytes() -> None:
    large = replace(LETTER, record=replace(REFUSED, key=b"k" * 5000, value=b"x" * 5000, headers=(("h", b"x" * 5000),)))
    kept = without_bytes(large)
    assert (kept.key, kept.value) == (b"k" * LONGEST, b"")
    assert dict(kept.headers)[OMITTED] == b"5000"
    assert sum(len(value) for _, value in kept.headers) < 2 * LONGEST
    assert ok(decode(kept)).rejected == LETTER.rejected


def test_a_letter_is_the_same_when_its_candle_is_published_again() -> None:
    first = replace(LETTER, record=replace(REFUSED, value=b'{"open":"-1","published_at":1}'))
    again = replace(LETTER, record=replace(REFUSED, value=b'{"published_at":2,"open":"-1"}', offset=100), at=0)
    assert identity(first) == identity(again)
    others = (
        LETTER,
        replace(first, open_time=0),
        replace(first, rejected=Rejected("malformed", "")),
        replace(first, record=replace(first.record, topic="market.majors.prices-1h")),
        replace(first, record=replace(first.record, value=b'{"open":"-2"}')),
        replace(first, record=replace(first.record, value=b"[" * 5000)),
    )
    assert len({identity(first), *map(identity, others)}) == 1 + len(others)


def test_the_first_record_of_a_topic_can_be_refused() -> None:
    first = replace(LETTER, record=replace(REFUSED, partition=0, offset=0))
    assert ok(decode(published(first))).record.offset == 0


def test_other_headers_are_passed_over() -> None:
    letter = published(LETTER)
    assert ok(decode(replace(letter, headers=(*letter.headers, ("trace", b"\x00\xff")))))


def test_names_of_any_script_and_long_details_are_carried() -> None:
    letter = replace(LETTER, symbol="币安人生USDT", rejected=Rejected("malformed", "x" * 5000))
    back = ok(decode(published(letter)))
    assert back.symbol == "币安人生USDT"
    assert back.rejected.detail == "x" * LONGEST


@pytest.mark.parametrize(
    ("name", "value"),
    [("reason", b"bad luck"), ("stage", b"later"), ("partition", b"-1"), ("offset", b"x"), ("at", b"\xff")],
)
def test_a_record_that_is_no_letter_is_malformed(name: str, value: bytes) -> None:
    letter = published(LETTER)
    wrong = tuple((each, value if each == name else text) for each, text in letter.headers)
    lacking = tuple(header for header in letter.headers if header[0] != name)
    assert err(decode(replace(letter, headers=wrong))).reason == "malformed"
    assert err(decode(replace(letter, headers=lacking))).reason == "malformed"
