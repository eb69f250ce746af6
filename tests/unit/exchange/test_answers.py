import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.interval import MINUTE
from cryptostream.exchange.answers import (
    Banned,
    Blocked,
    Failed,
    Good,
    Limited,
    Meaning,
    NoReply,
    Refused,
    Reply,
    answered_by,
    meaning,
    used_weight,
)

NOW = 1_740_000_000_000
PAGE = b"<html><body>Forbidden</body></html>"
BAN = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1740000423228. Please use..."}'


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(200, {}, b'{"serverTime":1}'), Good({"serverTime": 1})),
        (Reply(200, {}, b"[]"), Good([])),
        (Reply(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}'), Refused(-1121, "HTTP 400 -1121: Invalid symbol.")),
        (Reply(400, {}, PAGE), Refused(None, "HTTP 400 None: ")),
        (Reply(429, {"retry-after": "37"}, b""), Limited(37.0)),
        (Reply(429, {}, b""), Limited(None)),
        (Reply(429, {"retry-after": "Wed, 21 Oct 2015"}, b""), Limited(None)),
        (Reply(418, {"retry-after": "600"}, BAN), Banned(1_740_000_423_228)),
        (Reply(418, {"retry-after": "600"}, PAGE), Banned(NOW + 600_000)),
        (Reply(418, {}, b"{}"), Banned(NOW + 2 * MINUTE)),
        (Reply(403, {}, PAGE), Blocked("HTTP 403 (a page of HTML)")),
        (Reply(451, {}, b'{"code":0,"msg":"Service unavailable"}'), Blocked("HTTP 451 Service unavailable")),
        (Reply(503, {}, b'{"code":-1008,"msg":"overloaded"}'), Failed("HTTP 503 overloaded", patience=1)),
        (Reply(502, {}, PAGE), Failed("HTTP 502 (a page of HTML)", patience=1)),
        (Reply(404, {}, b""), Failed("HTTP 404", patience=1)),
        (Reply(302, {"location": "http://login"}, b""), Failed("HTTP 302", patience=1)),
        (NoReply("connection refused"), Failed("connection refused")),
        (NoReply("no answer within 10 s", slow=True), Failed("no answer within 10 s", slow=True)),
    ],
)
def test_meanings(reply: Reply | NoReply, expected: Meaning) -> None:
    assert meaning(reply, NOW) == expected


@pytest.mark.parametrize("body", [b"", b"[[1,2", PAGE, b"\xff\xfe", b"[" * 100_000])
def test_an_answer_that_is_no_whole_json_is_a_failure(body: bytes) -> None:
    said = meaning(Reply(200, {}, body), NOW)
    assert isinstance(said, Failed)
    assert not said.slow


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=60),
    headers=st.dictionaries(st.sampled_from(["retry-after", "x-mbx-used-weight-1m"]), st.text(max_size=5)),
)
def test_no_answer_is_an_exception(status: int, body: bytes, headers: dict[str, str]) -> None:
    reply = Reply(status, headers, body)
    meaning(reply, NOW)
    used = used_weight(reply)
    assert used is None or used >= 0


def test_the_weight_is_in_a_header() -> None:
    assert used_weight(Reply(200, {"x-mbx-used-weight-1m": "1234"}, b"")) == 1234
    assert used_weight(Reply(200, {"x-mbx-used-weight": "7"}, b"")) is None


@pytest.mark.parametrize(
    ("date", "last"),
    [
        ("Sun, 01 Jun 2025 10:00:07 GMT", 1_748_772_007_999),
        ("Sun, 01 Jun 2025 10:00:07 +0200", 1_748_764_807_999),
        ("soon", None),
        ("", None),
    ],
)
def test_the_last_moment_at_which_an_answer_was_made(date: str, last: int | None) -> None:
    assert answered_by(Reply(200, {"date": date}, b"[]")) == last
    assert answered_by(Reply(200, {}, b"[]")) is None
