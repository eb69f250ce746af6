"""Recordings replayed by the command line: every candle once, every absence named, nothing else."""

import json
from pathlib import Path
from typing import Any

from tests.support.embedded import cryptostream, resource, written

OUTAGE_DAY = 1_679_616_000_000  # 2023-03-24


def replayed(folder: Path, recordings: Path, **spec: Any) -> dict[str, Any]:
    """The summary of a replay, checked by `verify`."""
    stream = written(folder, resource(quote="USDT", **spec))
    data, summary = folder / "d", folder / "s.json"
    run = cryptostream("run", "-f", stream, "--replay", recordings, "--data", data, "--summary", summary, "--port", 0)
    assert run.returncode == 0, run.stderr
    verified = cryptostream("verify", "-f", stream, "--data", data)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def by_series(summary: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["symbol"], each["interval"]): each for each in summary["series"]}


def csv(path: Path, start: int, step: int, places: list[int], *, zero: range = range(0)) -> None:
    """A recording of candles at `places` of a grid; those in `zero` have no volume."""
    rows = []
    for place in places:
        open_time = start + place * step
        price, volume = 100 + place % 7, 0 if place in zero else 1 + place % 3
        rows.append(f"{open_time},{price},{price + 1},{price - 1},{price + 0.5},{volume},{open_time + step - 1}")
    path.write_text("open_time,open,high,low,close,volume,close_time\n" + "\n".join(rows) + "\n")


def test_a_recording_with_an_outage(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    places = [place for place in range(3000) if not 1000 <= place < 1080]
    csv(folder / "spot_BTCUSDT-1m-x.csv", OUTAGE_DAY, 60_000, places, zero=range(928, 1000))
    csv(folder / "spot_ETHUSDT-1m-a.csv", OUTAGE_DAY, 60_000, list(range(500)))
    csv(folder / "spot_ETHUSDT-1m-b.csv", OUTAGE_DAY, 60_000, list(range(2000, 2600)))
    (folder / "notes.txt").write_text("something else")
    summary = replayed(tmp_path, folder, intervals=["1m"])
    series = by_series(summary)
    assert summary["simulated"] is False
    bitcoin = series["BTCUSDT", "1m"]
    assert (bitcoin["expected"], bitcoin["persisted"], bitcoin["gaps"]) == (2920, 2920, {"exchange_outage": 80})
    ether = series["ETHUSDT", "1m"]
    assert (ether["expected"], ether["persisted"], ether["gaps"]) == (1100, 1100, {})
    assert bitcoin["freshness_seconds"] == {"p50": None, "p99": None}
    assert summary["totals"]["duplicates"] == summary["totals"]["dead_lettered"] == 0


def test_a_second_replay_finds_everything_stored(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    csv(folder / "BTCUSDT-1m.csv", OUTAGE_DAY, 60_000, [place for place in range(300) if place != 100])
    first = replayed(tmp_path, folder, coins=["BTC"], intervals=["1m"])
    again = replayed(tmp_path, folder, coins=["BTC"], intervals=["1m"])
    assert first == again
    assert again["totals"]["persisted"] == 299


def test_a_series_without_a_file_is_refused(tmp_path: Path) -> None:
    csv(tmp_path / "BTCUSDT-1m.csv", OUTAGE_DAY, 60_000, list(range(10)))
    stream = written(tmp_path, resource(quote="USDT", intervals=["1m"]))
    run = cryptostream("run", "-f", stream, "--replay", tmp_path, "--data", tmp_path / "d", "--port", 0)
    assert run.returncode == 2
    assert "ETHUSDT" in run.stderr
    assert not (tmp_path / "d").exists()


def test_the_recorded_outage(tmp_path: Path, shared_data: Path) -> None:
    """`make run ARGS="-f s.yaml --replay ../shared/data/klines/… --data d --summary s.json"` stores every recorded
    candle of the chosen symbols exactly once, names the 80 absent 1m candles of 2023-03-24 per symbol as
    `exchange_outage` (and the one absent 1h), nothing else as a gap, keeps the 72 zero-volume candles before it, and
    `verify` agrees: 1h equals sixty 1m in every full hour. Time outside a recording is no gap.
    """
    minutes = by_series(replayed(tmp_path, shared_data / "klines", intervals=["1m"]))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        one = minutes[symbol, "1m"]
        assert one["gaps"] == {"exchange_outage": 80}
        assert one["persisted"] == one["expected"] == 4240 + 4320
        assert one["dead_lettered"] == one["duplicates"] == 0
    (tmp_path / "h").mkdir()
    hours = by_series(replayed(tmp_path / "h", shared_data / "klines", coins=["BTC"], intervals=["1m", "1h"]))
    assert hours["BTCUSDT", "1h"]["gaps"] == {"exchange_outage": 1}
    assert hours["BTCUSDT", "1h"]["persisted"] == 3623
    assert hours["BTCUSDT", "1m"]["gaps"] == {"exchange_outage": 80}
