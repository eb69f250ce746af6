from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cryptostream.core.indicators.naming import ALWAYS
from cryptostream.core.market.series import Series
from cryptostream.core.stream.consumer_config import ConsumerConfig, stream_config
from cryptostream.local import recompute_verb
from cryptostream.local.documents import read_stream
from cryptostream.local.recompute import Tell
from cryptostream.local.recompute_verb import recompute
from cryptostream.store.directory import data_directory
from cryptostream.store.duckdb_notes import RESOURCE
from cryptostream.store.duckdb_store import DuckDbStore
from tests.support.consumer_world import World, candle, in_bulk, indicators, published
from tests.support.model_store import rows_of
from tests.support.stored import done

BTC = Series("BTCUSDC", "1m")
STREAM = "tests.test"


def declared(**indicator: Any) -> dict[str, Any]:
    return {
        "apiVersion": "cryptostream.io/v1alpha1",
        "kind": "CryptoStream",
        "metadata": {"name": "test", "namespace": "tests"},
        "spec": {"coins": ["BTC"], "intervals": ["1m"], "indicators": [indicator]},
    }


def written(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "stream.yaml"
    path.write_bytes(msgspec.yaml.encode(document))
    return path


FORMER = declared(name="slow", function="SMA", params={"timeperiod": 9})
CHANGED = declared(name="quick", function="SMA", params={"timeperiod": 3})


@dataclass
class Kept:
    """A finished run in the data folder `base`, under the former resource."""

    base: Path

    def config(self, document: dict[str, Any]) -> ConsumerConfig:
        spec, _ = done(read_stream(written(self.base, document)))
        return stream_config(spec, indicators(spec.indicators, spec.intervals))

    def open(self, document: dict[str, Any]) -> DuckDbStore:
        spec, _ = done(read_stream(written(self.base, document)))
        fields = (*ALWAYS, *(each.name for each in spec.indicators))
        directory = data_directory(self.base, STREAM, simulated=True)
        names = {symbol.name: symbol for symbol in spec.symbols}
        return done(DuckDbStore.open(directory, stream=STREAM, symbols=names, simulated=True, fields=fields))

    def assert_rows_follow(self, document: dict[str, Any]) -> None:
        store, config = self.open(document), self.config(document)
        assert not done(store.dirty())
        assert rows_of(done(store.enriched(BTC, 0, 2**62))) == rows_of(in_bulk(config, store, BTC, None))
        assert msgspec.json.decode(done(store.notes.meta(RESOURCE)) or "null") == document
        store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    base = Kept(tmp_path)
    store = base.open(FORMER)
    done(store.notes.set_meta(RESOURCE, msgspec.json.encode(FORMER, order="sorted").decode()))
    World(base.config(FORMER), store).take(*[published(candle(BTC, n, 100 + n % 7)) for n in range(100)])
    store.close()
    return base


def test_a_changed_list_replaces_the_former_one(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert recompute(kept.base, written(kept.base, CHANGED)) == 0
    assert "tests.test: 100 rows recomputed; indicators: quick" in capsys.readouterr().out
    kept.assert_rows_follow(CHANGED)


def test_without_a_file_the_resource_of_the_last_run_counts(kept: Kept) -> None:
    assert recompute(kept.base, None) == 0
    kept.assert_rows_follow(FORMER)


def test_interrupted_it_goes_on_where_it_was(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupting(_: object) -> Tell:
        def tell(at: int, __: int) -> None:
            if at >= 50:
                raise KeyboardInterrupt

        return tell

    monkeypatch.setattr(recompute_verb, "CHUNK", 10)
    with monkeypatch.context() as patched:
        patched.setattr(recompute_verb, "_tenths", interrupting)
        assert recompute(kept.base, written(kept.base, CHANGED)) == 1
    assert "the same command goes on" in capsys.readouterr().err
    assert recompute(kept.base, written(kept.base, CHANGED)) == 0
    assert ": 50 rows recomputed" in capsys.readouterr().out
    kept.assert_rows_follow(CHANGED)


def test_a_bad_resource_is_refused(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert recompute(kept.base, written(kept.base, declared(name="x", function="SMARTS"))) == 2
    assert "spec.indicators[0].function" in capsys.readouterr().err


def test_where_nothing_is_stored_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recompute(tmp_path, None) == 2
    assert "no stored stream" in capsys.readouterr().err


def test_a_store_in_use_is_refused(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    store = kept.open(FORMER)
    try:
        assert recompute(kept.base, None) == 2
    finally:
        store.close()
    assert capsys.readouterr().err
