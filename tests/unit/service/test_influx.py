"""The store of a consumer, before anything is asked of it."""

from pathlib import Path

from msgspec.structs import replace as changed

from cryptostream.clock import SystemClock
from cryptostream.core.codec.service import StoreAccess
from cryptostream.core.market.series import Symbol
from cryptostream.core.result import Err, Ok
from cryptostream.observe.metrics import Metrics
from cryptostream.service.influx import Symbols, open_influx
from cryptostream.service.settings import Settings
from tests.support.resources import stream
from tests.support.service_files import ASSIGNMENT, CONFIG, SPEC

METRICS = Metrics(SPEC.stream, SystemClock().now, simulated=False)


def settings(folder: Path, ca: bytes | None) -> Settings:
    (folder / "token").write_text("t")
    (folder / "ca.crt").write_bytes(ca or b"")
    access = StoreAccess(
        url="https://influxdb:8086",
        org="market",
        token_file=str(folder / "token"),
        ca_file=None if ca is None else str(folder / "ca.crt"),
    )
    return Settings(changed(CONFIG, store=access), ASSIGNMENT, b"", SPEC, ())


def test_an_authority_that_is_none_is_told(tmp_path: Path) -> None:
    opened = open_influx(settings(tmp_path, b"-----BEGIN CERTIFICATE-----\nnonsense\n"), METRICS)
    assert isinstance(opened, Err)
    assert opened.error.detail.startswith(f"store.caFile: no certificates in {tmp_path / 'ca.crt'}: ")


def test_without_one_the_system_is_trusted(tmp_path: Path) -> None:
    opened = open_influx(settings(tmp_path, None), METRICS)
    assert isinstance(opened, Ok)
    assert opened.value.atomic is False
    opened.value.close()


def test_coins_are_those_declared_or_follow_from_the_quotes_of_the_stream() -> None:
    known = Symbols(stream(coins=None, symbols=["BTCUSDC", "ETHBTC"], quote="USDC"))
    assert known.of("ETHBTC") == Symbol("ETHBTC", "ETH", "BTC")
    assert known.of("SOLUSDC") == Symbol("SOLUSDC", "SOL", "USDC")
    assert known.of("LTCBTC") == Symbol("LTCBTC", "LTC", "BTC")
