from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cryptostream.core.resource import scalars
from cryptostream.core.resource.fields import Parser
from cryptostream.core.resource.parse_market import interval

HUGE = 10**5000
BEGINNING = datetime(2017, 1, 1, tzinfo=UTC)
decimal = scalars.decimal("0.5", "100")
moment = scalars.moment(BEGINNING)
address = scalars.url("https", "http", scalars.is_private)


def remedy(parser: Parser[object], value: object) -> str:
    parsed = parser(value, "here")
    assert parsed.value is None
    (fault,) = parsed.faults
    assert fault.path == "here"
    return fault.remedy


@pytest.mark.parametrize(("text", "number"), [("0.5", "0.5"), ("100", "100"), ("2.50", "2.5")])
def test_decimals_are_exact(text: str, number: str) -> None:
    assert decimal(text, "").value == Decimal(number)


@pytest.mark.parametrize(
    "value", ["", "1_0", " 1", "1e1", "nan", "-1", "0.4", "100.1", "\u0661", "9" * 50, True, None, []]
)
def test_anything_else_is_no_decimal(value: object) -> None:
    assert remedy(decimal, value)


@pytest.mark.parametrize(
    ("value", "written"), [(2.0, '"2.0"'), (2, '"2"'), pytest.param(HUGE, '"a huge number"', id="huge")]
)
def test_a_number_is_told_how_to_be_written(value: object, written: str) -> None:
    assert written in remedy(decimal, value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 0, 11, pytest.param(HUGE, id="huge")])
def test_only_whole_numbers_in_bounds_are_integers(value: object) -> None:
    assert remedy(scalars.integer(1, 10), value)
    assert scalars.integer(1, 10)(10, "").value == 10


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00Z", "2026-01-01T01:30:00+01:30", "2026-01-01t00:00:00.000z", "2025-12-31T23:00:00-01:00"],
)
def test_times_are_utc(text: str) -> None:
    assert moment(text, "").value == 1_767_225_600_000


def test_the_year_of_the_exchange_is_not_too_early() -> None:
    assert moment("2017-01-01T00:00:00Z", "").value == 1_483_228_800_000


def test_a_reader_of_yaml_may_have_made_a_time_of_it() -> None:
    assert moment(datetime(2026, 1, 1), "").value == 1_767_225_600_000  # noqa: DTZ001 - YAML's times without a zone are UTC


@pytest.mark.parametrize(
    "value",
    [
        *("2026-01-01", "2026-01-01T00:00", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01T00:00:60Z"),
        *("2016-12-31T23:59:59Z", "20260101T000000Z", "2026-01-01T00:00:00ZZ", "\uff12026-01-01T00:00:00Z", 1, None),
    ],
)
def test_other_times_are_refused(value: object) -> None:
    assert remedy(moment, value)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://api.binance.com", "https://api.binance.com"),
        ("https://api.binance.com:443/", "https://api.binance.com:443"),
        ("https://host.example/base/", "https://host.example/base"),
        ("http://127.0.0.1:9010", "http://127.0.0.1:9010"),
        ("http://[::1]:9010", "http://[::1]:9010"),
        ("http://simulator", "http://simulator"),
        ("http://simulator.market.svc.cluster.local:80", "http://simulator.market.svc.cluster.local:80"),
    ],
)
def test_addresses(given: str, read: str) -> None:
    assert address(given, "").value == read


@pytest.mark.parametrize(
    "value",
    [
        *("api.binance.com", "ftp://host", "https://", "https://a b", "https://host?x=1", "https://host#x"),
        *("https://u:p@host", "https://host:0", "https://host:65536", "https://-host", "http://api.binance.com"),
        *("http://127.0.0.1.example", 1),
    ],
)
def test_what_is_no_address(value: object) -> None:
    assert remedy(address, value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *(("1mo", "1M"), ("60m", "1h"), ("1D", "1d"), ("1 hour", "1h"), ("120min", "2h"), ("24h", "1d"), ("7d", "1w")),
        *(("60s", "1m"), ("5M", "5m"), ("3 days", "3d"), ("1month", "1M"), ("1H", "1h")),
    ],
)
def test_an_interval_in_other_words_is_understood(given: str, meant: str) -> None:
    assert remedy(interval, given) == f"did you mean {meant}?"


def test_what_has_no_interval_gets_the_list() -> None:
    assert remedy(interval, "7m").startswith("choose one of them")
    assert remedy(interval, 60).startswith("choose one of them")


def test_a_choice_is_found_in_any_case() -> None:
    assert remedy(scalars.choice("Auto", "Rest"), "rest") == "did you mean Rest?"
    assert remedy(scalars.choice("Auto", "Rest"), 7) == "write Auto or Rest"
