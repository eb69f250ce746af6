"""The judge reads points: a right bucket is left in peace, and each wrong, missing or invented point is named."""

import numpy as np
import pytest

from tests.judge.columns import Columns, columns_of
from tests.judge.enriched import Expected, expected, judge_enriched
from tests.judge.findings import Findings
from tests.judge.grid import MINUTE
from tests.judge.judge import adjoins
from tests.judge.raw import Field, Point, judge_raw, wanted_fields
from tests.judge.topic import Topics
from tests.unit.judge.support import BTC, START, STREAM, messages, points, rows, topics_of, truth_of

TAGS = STREAM.tags(BTC)
SPAN = (START, START + 200 * MINUTE)


def there(count: int) -> Topics:
    return topics_of(truth_of(rows(count)), messages(rows(count)))


def raw(stored: list[Point], count: int = 3) -> Findings:
    findings = Findings()
    wanted = {time: [wanted_fields(each, simulated=True)] for time, each in there(count).newest[BTC].items()}
    judge_raw(BTC, TAGS, stored, wanted, findings)
    return findings


def changed(point: Point, **fields: Field | None) -> Point:
    merged = {name: value for name, value in {**point.fields, **fields}.items() if value is not None}
    return point._replace(fields=merged)


def test_a_right_raw_bucket_is_left_in_peace() -> None:
    assert raw(points(there(3))).clean


def test_a_missing_point_is_lost() -> None:
    assert raw(points(there(3))[1:]).counts == {"lost": 1, "duplicated": 0, "wrong": 0}


def test_a_second_point_is_duplicated_and_an_invented_one_is_wrong() -> None:
    right = points(there(3))
    assert raw([*right, right[0]]).counts["duplicated"] == 1
    assert "invented" in str(raw([*right, right[0]._replace(time=START + 9 * MINUTE)]))


@pytest.mark.parametrize(
    "fields",
    [
        {"close": 101.50000001},
        {"trades": 5.0},
        {"revision": 1},
        {"lane": "repair"},
        {"published_at": 1},
        {"quote_volume": None},
        {"first_trade_id": None},
        {"simulated": False},
        {"more": 1},
    ],
)
def test_one_wrong_field_of_a_raw_point_is_named(fields: dict[str, Field | None]) -> None:
    right = points(there(3))
    found = raw([changed(right[0], **fields), *right[1:]])
    assert found.counts == {"lost": 0, "duplicated": 0, "wrong": 1}
    assert next(iter(fields)) in str(found)


def test_a_wrong_tag_is_named() -> None:
    right = points(there(3))
    assert "tags" in str(raw([right[0]._replace(tags={**TAGS, "coin": "XBT"}), *right[1:]]))


# ---------------------------------------------------------------- enriched


def wanted(count: int = 150, missing: int | None = None) -> tuple[Expected, Columns]:
    published = dict(there(count).newest[BTC])
    if missing is not None:
        del published[START + missing * MINUTE]
    columns = columns_of("1m", published, SPAN[1])
    return expected(STREAM.indicators, columns, adjoins(columns), simulated=True), columns


def stored_rows(due: Expected) -> list[Point]:
    """The enriched bucket as it should be."""
    return [Point(time, TAGS, due.fields(at)) for time, at in due.place.items()]


def enriched(due: Expected, stored: list[Point], span: tuple[int, int] = SPAN) -> Findings:
    findings = Findings()
    judge_enriched(BTC, TAGS, stored, due, span, findings)
    return findings


@pytest.mark.parametrize("missing", [None, 77])
def test_a_right_enriched_bucket_is_left_in_peace(missing: int | None) -> None:
    due, _ = wanted(missing=missing)
    assert enriched(due, stored_rows(due)).clean


def test_rows_are_warm_once_their_window_is_full_and_tell_of_gaps() -> None:
    due, columns = wanted(missing=77)
    assert not due.exact["warm"][0]
    assert due.exact["warm"][-1]
    after = int(columns.open_time.searchsorted(START + 78 * MINUTE))
    assert due.exact["gap_in_window"][after]
    assert due.exact["return"][after] is None
    assert due.exact["return"][0] is None


def test_one_call_over_the_series_gives_what_windows_give() -> None:
    due, _ = wanted()
    for name in due.window:
        assert due.plain[name].sum() > 50
        assert np.abs(due.window[name] - due.whole[name])[due.plain[name]].max() < 1e-9 * due.scale[name]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sma3": 100.0}, "stale"),
        ({"sma3": None}, "defined differently"),
        ({"rsi2": 1}, "no float"),
        ({"mean_oc": 100.0}, "mean_oc is 100.0"),
        ({"warm": False}, "warm is False"),
        ({"gap_in_window": True}, "gap_in_window is True"),
        ({"weekday": 9}, "weekday is 9"),
        ({"revision": 1}, "revision is 1"),
    ],
)
def test_one_wrong_value_of_a_row_is_named(fields: dict[str, Field | None], words: str) -> None:
    due, _ = wanted()
    rows_ = stored_rows(due)
    rows_[-1] = changed(rows_[-1], **fields)
    found = enriched(due, rows_)
    assert found.counts == {"lost": 0, "duplicated": 0, "wrong": 1}
    assert words in str(found)


def test_missing_doubled_and_invented_rows_are_named() -> None:
    due, _ = wanted()
    rows_ = stored_rows(due)
    assert enriched(due, rows_[:-1]).counts["lost"] == 1
    assert enriched(due, [*rows_, rows_[0]]).counts["duplicated"] == 1
    assert enriched(due, [*rows_, rows_[0]._replace(time=START - MINUTE)]).counts["wrong"] == 1
    part = (START + 5 * MINUTE, START + 8 * MINUTE)
    assert enriched(due, rows_[5:8], part).clean
