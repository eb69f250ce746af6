"""Clients that are not ours, unchanged, against the simulator: what satisfies them is the exchange's protocol."""

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any

import ccxt
import ccxt.pro
import pytest

from cryptostream.clock import ScaledClock
from cryptostream.core.market.series import Series
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.grid import DAY, HOUR, MINUTE
from cryptostream.simulator.listing import LISTED
from cryptostream.simulator.simulator import Simulator, running_simulator

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # python-binance uses names that websockets will drop
    from binance import AsyncClient, BinanceSocketManager, Client
    from binance.base_client import BaseClient
    from binance.exceptions import BinanceAPIException

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the clients' own, none of ours

START = LISTED + 40 * DAY - 5_000
BTC_1M = Series("BTCUSDC", "1m")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A market five seconds before midnight, at twenty times the wall's pace."""
    with running_simulator(SimulatorConfig(), ScaledClock(START, 20.0)) as simulator:
        yield simulator


@pytest.fixture
def python_binance(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    monkeypatch.setattr(BaseClient, "API_URL", f"{sim.addresses.rest}/api")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", f"{sim.addresses.stream}/")
    return sim


def ccxt_settings(sim: Simulator) -> dict[str, Any]:
    urls = {"public": f"{sim.addresses.rest}/api/v3", "ws": {"spot": f"{sim.addresses.stream}/ws"}}
    return {"urls": {"api": urls}, "options": {"fetchMarkets": {"types": ["spot"]}}, "enableRateLimit": False}


@pytest.fixture
def client(python_binance: Simulator) -> Iterator[Client]:
    """Its synchronous client, which makes an event loop of its own and leaves it open."""
    assert python_binance.addresses
    made = Client()  # pings when it is made
    yield made
    made.session.close()
    made.loop.close()
    asyncio.set_event_loop(None)


def test_python_binance_asks_over_rest(sim: Simulator, client: Client) -> None:
    info = client.get_symbol_info("BTCUSDC")
    assert info["baseAsset"] == "BTC"
    assert client.get_server_time()["serverTime"] >= START
    rows = client.get_historical_klines("BTCUSDC", "1m", str(START - 41 * HOUR), str(START - MINUTE))
    truth = sim.truth(BTC_1M, START - 41 * HOUR, START - MINUTE)
    assert len(rows) > 2000, "more than two pages"
    assert [(row[0], row[4], row[7], row[8]) for row in rows] == [
        (row.open_time, row.close, row.quote_volume, row.trades) for row in truth
    ]
    assert client._get_earliest_valid_timestamp("BTCUSDC", "1d") == LISTED
    assert len(client.get_ui_klines(symbol="BTCUSDC", interval="1w", limit=3)) == 3


def test_python_binance_understands_refusals(sim: Simulator, client: Client) -> None:
    with pytest.raises(BinanceAPIException) as unknown:
        client.get_klines(symbol="NOSUCH", interval="1m")
    assert (unknown.value.status_code, unknown.value.code) == (400, -1121)
    sim.faults.set(too_many_next=1)
    with pytest.raises(BinanceAPIException) as too_many:
        client.get_klines(symbol="BTCUSDC", interval="1m")
    assert (too_many.value.status_code, too_many.value.code) == (429, -1003)


def test_python_binance_follows_streams(python_binance: Simulator) -> None:
    async def follow() -> tuple[list[Any], list[Any]]:
        client = await AsyncClient.create()
        try:
            manager = BinanceSocketManager(client)
            async with manager.kline_socket("BTCUSDC", "1s") as raw:
                seconds = [await raw.recv() for _ in range(4)]
            async with manager.multiplex_socket(["btcusdc@kline_1s", "ethusdc@kline_1s"]) as both:
                combined = [await both.recv() for _ in range(4)]
        finally:
            await client.close_connection()
        return seconds, combined

    seconds, combined = asyncio.run(follow())
    assert all(frame["k"]["x"] for frame in seconds)
    opens = [frame["k"]["t"] for frame in seconds]
    assert opens == list(range(opens[0], opens[0] + 4000, 1000))
    truth = python_binance.truth(Series("BTCUSDC", "1s"), opens[0], opens[0] + 4000)
    assert [frame["k"]["v"] for frame in seconds] == [row.volume for row in truth]
    assert {frame["stream"] for frame in combined} == {"btcusdc@kline_1s", "ethusdc@kline_1s"}


def test_ccxt_asks_over_rest(sim: Simulator) -> None:
    exchange = ccxt.binance(ccxt_settings(sim))
    try:
        markets = exchange.load_markets()
        assert len(markets) == 16
        assert markets["BTC/USDC"]["precision"] == {"amount": 0.00001, "price": 0.01, "base": 1e-8, "quote": 1e-8}
        assert exchange.fetch_time() >= START
        rows = exchange.fetch_ohlcv("BTC/USDC", "1m", since=START - 2 * HOUR, limit=60)
        truth = sim.truth(BTC_1M, START - 2 * HOUR, START - 2 * HOUR + 60 * MINUTE)
        assert rows == [[r.open_time, *map(float, (r.open, r.high, r.low, r.close, r.volume))] for r in truth]
    finally:
        exchange.close()


def test_ccxt_understands_refusals(sim: Simulator) -> None:
    exchange = ccxt.binance(ccxt_settings(sim))
    try:
        exchange.load_markets()
        for faults, error in (
            ({"too_many_next": 1}, ccxt.DDoSProtection),
            ({"ban_seconds": 3}, ccxt.DDoSProtection),
            ({"banned_until": 0, "fail_next": 1}, ccxt.ExchangeError),
            ({"blocked": True}, ccxt.ExchangeNotAvailable),
        ):
            sim.faults.set(**faults)
            with pytest.raises(error):
                exchange.fetch_ohlcv("BTC/USDC", "1m")
    finally:
        exchange.close()


def test_ccxt_pro_follows_streams(sim: Simulator) -> None:
    async def follow() -> tuple[list[Any], Any]:
        exchange = ccxt.pro.binance(ccxt_settings(sim))
        try:
            first = await exchange.watch_ohlcv("BTC/USDC", "1m")
            several = await exchange.watch_ohlcv_for_symbols([["ETH/USDC", "1s"], ["XRP/USDC", "1s"]])
        finally:
            await exchange.close()
        return first, several

    first, several = asyncio.run(follow())
    assert first[-1][0] % MINUTE == 0
    assert set(several) <= {"ETH/USDC", "XRP/USDC"}
