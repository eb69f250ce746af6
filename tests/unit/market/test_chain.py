import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptostream.core.market.chain import fills, follows


@pytest.mark.parametrize(
    ("last", "first", "proved"),
    [(5122, 5123, True), (5122, 5122, False), (5122, 5125, False), (None, 5123, None), (5122, None, None)],
)
def test_the_next_candle_starts_with_the_next_trade(last: int | None, first: int | None, proved: bool | None) -> None:
    assert follows(last, first) is proved


@pytest.mark.parametrize(
    ("before", "trades", "after", "proved"),
    [
        (10, [3, 0, 2], 16, True),
        (10, [3, 0, 1], 16, False),
        (10, [3, 0, 3], 16, False),
        (10, [], 11, True),
        (10, [0, 0], 11, True),
        (None, [3], 16, None),
        (10, [3], None, None),
        (10, [3, None], 16, None),
    ],
)
def test_a_filled_hole_has_all_trades(
    before: int | None, trades: list[int | None], after: int | None, proved: bool | None
) -> None:
    assert fills(before, trades, after) is proved


@given(st.integers(0, 10**12), st.lists(st.integers(0, 1000), min_size=1), st.data())
def test_a_lost_candle_with_trades_breaks_the_chain(before: int, trades: list[int], data: st.DataObject) -> None:
    after = before + sum(trades) + 1
    assert fills(before, trades, after) is True
    lost = data.draw(st.integers(0, len(trades) - 1))
    assert fills(before, trades[:lost] + trades[lost + 1 :], after) is (trades[lost] == 0)


def test_captured_frames_number_their_trades_without_holes(shared_data: Path) -> None:
    lines = (shared_data / "ws_frames" / "captured_kline_frames.jsonl").read_text().splitlines()
    klines = [frame.get("data", frame)["k"] for frame in map(json.loads, lines)]
    traded = [kline for kline in klines if kline["n"]]
    assert len(traded) == 5
    assert all(fills(kline["f"] - 1, [kline["n"]], kline["L"] + 1) for kline in traded)
