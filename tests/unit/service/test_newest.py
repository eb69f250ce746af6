"""The newest candle of a series, from a real store; and what is told where there is none to ask."""

import json
import math
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from cryptostream.core.codec.service import StoreAccess
from cryptostream.core.ports import StoreBatch
from cryptostream.service.newest import BAD_INPUT, FAULT, Newest, _show, newest, read_newest
from tests.support.crashing_writer import opened
from tests.support.service_files import ASSIGNMENT, CONFIG
from tests.support.stored import BTC_1M, MINUTE, T0, candles, done, rows


def test_it_is_the_last_that_is_stored(tmp_path: Path) -> None:
    store, opens = opened(tmp_path), [T0, T0 + MINUTE]
    assert done(read_newest(store, BTC_1M)) == Newest(symbol="BTCUSDC", interval="1m")
    done(store.write(StoreBatch(raw=candles(BTC_1M, opens))))
    assert done(read_newest(store, BTC_1M)).indicators is None
    done(store.write(StoreBatch(enriched=(rows(BTC_1M, opens, {"sma": [1.0, math.nan]}),))))
    found = done(read_newest(store, BTC_1M))
    store.close()
    assert (found.open_time, found.revision, found.open) == (T0 + MINUTE, 0, 100.1)
    assert found.indicators == {"sma": None}


def test_it_is_told_to_people_and_to_machines(capsys: pytest.CaptureFixture[str]) -> None:
    some = Newest(symbol="BTCUSDC", interval="1m", open_time=T0, close=5.0, indicators={"sma": None, "ema": 2.5})
    _show([some, replace(some, interval="1h", open_time=None)], as_json=False)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("BTCUSDC      1m   2023-11-14T22:14:00Z open None")
    assert told[0].endswith("sma - ema 2.5")
    assert told[1] == "BTCUSDC      1h   nothing yet"
    _show([some], as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["open_time"] == T0


def test_bad_input_and_a_store_that_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert newest(tmp_path / "none.json", as_json=False) == BAD_INPUT
    for name in ("ca.crt", "username", "password", "token"):
        (tmp_path / name).write_text("x")
    kafka = replace(CONFIG.kafka, ca_file="ca.crt", username_file="username", password_file="password")
    store = StoreAccess(url="http://127.0.0.1:1", org="market", token_file="token")
    config = replace(CONFIG, kafka=kafka, store=store, assignment_file="assignment.json")
    (tmp_path / "assignment.json").write_bytes(msgspec.json.encode(ASSIGNMENT))
    (tmp_path / "config.json").write_bytes(msgspec.json.encode(config))
    assert newest(tmp_path / "config.json", as_json=False) == FAULT
    assert "127.0.0.1:1" in capsys.readouterr().err
