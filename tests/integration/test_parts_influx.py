"""InfluxDB as a part: it keeps its port and its data, speaks TLS, refuses, and can run out of disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.support.parts.influx import Influx, RefusedError
from tests.support.parts.process import wait_for
from tests.support.parts.tls import Authority, Leaf

T0 = 1_700_000_000_000


def candles(first: int, count: int) -> list[str]:
    return [f"candle,symbol=BTCUSDC close={at}.5,trades={at}i {T0 + at}" for at in range(first, first + count)]


def times(influx: Influx, bucket: str) -> list[int]:
    return [int(str(row["_time"])) - T0 for row in influx.points(bucket)]


def test_points_come_back_typed(influx: Influx, bucket: str) -> None:
    influx.write(bucket, [f'candle,symbol=BTCUSDC close=0.1,trades=7i,warm=true,cause="a, \\"b\\"" {T0}'])
    row = {"_time": T0, "_measurement": "candle", "symbol": "BTCUSDC"}
    assert influx.points(bucket) == [{**row, "close": 0.1, "trades": 7, "warm": True, "cause": 'a, "b"'}]


def test_a_killed_server_comes_back_with_its_port_and_data(influx: Influx, bucket: str) -> None:
    influx.write(bucket, candles(0, 100))
    url = influx.url
    influx.kill()
    with pytest.raises(requests.ConnectionError):
        influx.points(bucket)
    influx.start()
    assert influx.url == url
    assert times(influx, bucket) == list(range(100))
    influx.restart()
    assert times(influx, bucket) == list(range(100))


def test_a_server_that_is_held_up_answers_when_it_goes_on(influx: Influx) -> None:
    influx.pause()
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{influx.url}/health", timeout=0.5)
    influx.resume()
    wait_for(lambda: requests.get(f"{influx.url}/health", timeout=10).ok, "it answers")


def test_a_token_may_do_what_it_is_for(influx: Influx, bucket: str) -> None:
    reads, writes = influx.create_token(read=[bucket]), influx.create_token(write=[bucket])
    influx.write(bucket, candles(0, 1), token=writes)
    assert len(influx.flux(f'from(bucket: "{bucket}") |> range(start: 0)', token=reads)) == 2
    with pytest.raises(RefusedError, match="403"):
        influx.write(bucket, candles(1, 1), token=reads)
    with pytest.raises(RefusedError, match="could not find bucket"):
        influx.flux(f'from(bucket: "{bucket}") |> range(start: 0)', token=writes)


def test_a_token_that_was_revoked_is_unknown(influx: Influx, bucket: str) -> None:
    token = influx.create_token(write=[bucket])
    influx.revoke_token(token)
    with pytest.raises(RefusedError, match="401"):
        influx.write(bucket, candles(0, 1), token=token)


def test_a_query_that_is_wrong_is_refused(influx: Influx) -> None:
    with pytest.raises(RefusedError, match="undefined identifier nonsense"):
        influx.flux("nonsense")


def test_no_secret_is_in_command_line_environment_or_log(influx: Influx, bucket: str) -> None:
    secrets = [influx.token, influx.create_token(write=[bucket])]
    process = Path(f"/proc/{influx.pid}")
    told = [process / "cmdline", process / "environ", influx.log]
    assert not [secret for secret in secrets for file in told if secret.encode() in file.read_bytes()]


def health(influx: Influx, authority: Authority) -> int:
    return requests.get(f"{influx.url}/health", verify=str(authority.cert), timeout=10).status_code


def test_tls_is_trusted_by_its_authority_alone(influx_tls: Influx, authority: Authority, tmp_path: Path) -> None:
    assert health(influx_tls, authority) == 200
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        health(influx_tls, Authority(tmp_path, "another authority"))


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        (lambda authority: authority.leaf("elsewhere", ["elsewhere.example"]), "doesn't match|mismatch"),
        (lambda authority: authority.expired("old"), "certificate has expired"),
    ],
    ids=["wrong host name", "expired"],
)
def test_a_wrong_certificate_is_refused(
    authority: Authority, tmp_path: Path, leaf: Callable[[Authority], Leaf], why: str
) -> None:
    with Influx(tmp_path, leaf=leaf(authority)) as influx:
        influx.start()
        influx.create_bucket("reached")
        with pytest.raises(requests.exceptions.SSLError, match=why):
            health(influx, authority)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Influx]:
    """One with a disk of 24 MB."""
    with Influx(tmp_path, disk_megabytes=24) as influx:
        yield influx.start()


def test_a_full_disk_refuses_writes(small: Influx) -> None:
    """And what was there stays; what was refused is gone after a restart, and writing goes on then."""
    assert small.volume is not None
    small.create_bucket("raw")
    small.write("raw", candles(0, 1000))
    small.volume.fill()
    for first in (1000, 2000):
        with pytest.raises(RefusedError, match=r"500 .*no space left on device"):
            small.write("raw", candles(first, 1000))
    small.volume.free()
    small.restart()
    small.write("raw", candles(3000, 10))
    assert times(small, "raw") == [*range(1000), *range(3000, 3010)]


@pytest.mark.parametrize("start", [Influx.start, Influx.start_at_once], ids=["as managed", "by itself"])
def test_what_is_stored_after_a_full_disk_outlives_a_kill(small: Influx, start: Callable[[Influx], Influx]) -> None:
    """InfluxDB by itself loses it: it goes on where its log ended before the torn entry was cut off."""
    assert small.volume is not None
    small.create_bucket("raw")
    small.write("raw", candles(0, 1000))
    small.volume.fill()
    with pytest.raises(RefusedError, match=r"500 .*no space left on device"):
        small.write("raw", candles(1000, 1000))
    small.volume.free()
    small.stop()
    start(small)
    small.write("raw", candles(3000, 10))
    small.kill()
    start(small)
    kept = [*range(3000, 3010)] if start is Influx.start else []
    assert times(small, "raw") == [*range(1000), *kept]
