"""The bulk archive over real HTTP: names, units, checksums, and files that are not as they should be."""

import hashlib
import io
import zipfile

import pytest
import requests
from msgspec.structs import replace

from cryptostream.clock import ManualClock
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.grid import DAY, MINUTE
from cryptostream.simulator.listing import LISTED
from cryptostream.simulator.simulator import running_simulator
from tests.unit.simulator.conftest import Exchange
from tests.unit.simulator.support import BUSY, NOW

DAILY = "/data/spot/daily/klines/BTCUSDC/1m/BTCUSDC-1m-2025-02-03.zip"
MONTHLY = "/data/spot/monthly/klines/BTCUSDC/1mo/BTCUSDC-1mo-2025-01.zip"


def lines(body: bytes, name: str) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        assert file.namelist() == [name]
        return [line.split(",") for line in file.read(name).decode().splitlines()]


def test_a_day_of_minutes(exchange: Exchange) -> None:
    rows = lines(exchange.get(DAILY).content, "BTCUSDC-1m-2025-02-03.csv")
    assert len(rows) == 1440
    assert {len(row) for row in rows} == {12}
    start = LISTED + 33 * DAY
    assert (rows[0][0], rows[0][6]) == (f"{start}000", f"{start + MINUTE - 1}999")
    told = exchange.klines(f"&startTime={start}&limit=1").json()[0]
    assert rows[0][1:6] == told[1:6]
    assert rows[0][7:] == [str(cell) for cell in told[7:]]


def test_a_month(exchange: Exchange) -> None:
    (row,) = lines(exchange.get(MONTHLY).content, "BTCUSDC-1mo-2025-01.csv")
    assert row[0] == f"{LISTED}000"


def test_the_checksum_is_that_of_the_file(exchange: Exchange) -> None:
    digest = hashlib.sha256(exchange.get(DAILY).content).hexdigest()
    assert exchange.get(DAILY + ".CHECKSUM").text == f"{digest}  BTCUSDC-1m-2025-02-03.zip"


@pytest.mark.parametrize(
    "path",
    [
        DAILY.replace("2025-02-03", "2024-12-31"),  # before the listing
        DAILY.replace("2025-02-03", "2025-03-02"),  # today
        DAILY.replace("1m", "1M"),
        DAILY.replace("1m", "3d"),  # only monthly
        MONTHLY.replace("1mo", "1s"),  # too much of it
        DAILY.replace("BTCUSDC", "NOSUCH"),
        MONTHLY.replace("2025-01", "2025-01-01"),
        DAILY + "x",
    ],
)
def test_files_that_are_not_there(exchange: Exchange, path: str) -> None:
    assert exchange.get(path).status_code == 404


def test_faults_of_files(exchange: Exchange) -> None:
    exchange.sim.faults.set(archive="bad_checksum")
    digest = hashlib.sha256(exchange.get(DAILY).content).hexdigest()
    assert not exchange.get(DAILY + ".CHECKSUM").text.startswith(digest)
    exchange.sim.faults.set(archive="truncated")
    assert len(lines(exchange.get(DAILY).content, "BTCUSDC-1m-2025-02-03.csv")) == 720
    exchange.sim.faults.set(archive="missing")
    assert exchange.get(DAILY).status_code == 404
    exchange.sim.faults.set(archive="none")
    assert len(lines(exchange.get(DAILY).content, "BTCUSDC-1m-2025-02-03.csv")) == 1440


def test_files_before_2025_are_in_milliseconds() -> None:
    old = replace(BUSY, listed=LISTED - 366 * DAY)
    path = DAILY.replace("2025-02-03", "2024-12-31")
    with running_simulator(SimulatorConfig(listings=(old,)), ManualClock(NOW)) as sim:
        body = requests.get(sim.addresses.archive + path, timeout=10).content
    assert lines(body, "BTCUSDC-1m-2024-12-31.csv")[0][0] == str(LISTED - DAY)
