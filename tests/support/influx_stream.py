"""A stream's store on a real InfluxDB: buckets of its own, a token that may do no more than it needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.influx_store import InfluxStore
from tests.contract.providers import FIELDS, SYMBOLS
from tests.support.parts.influx import ORG, Influx

STREAM = "market.majors"


def settings_for(influx: Influx, folder: Path, unique: Callable[[str], str], **changed: Any) -> InfluxSettings:
    """Settings for two new buckets; the token is in a file of `folder`."""
    raw, enriched = unique("raw"), unique("enriched")
    for bucket in (raw, enriched):
        influx.create_bucket(bucket)
    folder.mkdir(parents=True, exist_ok=True)
    token_file = folder / "token"
    token_file.write_text(influx.create_token(read=[raw, enriched], write=[raw, enriched]))
    given: dict[str, Any] = {
        "url": influx.url,
        "org": ORG,
        "token_file": token_file,
        "ca_file": None,
        "raw_bucket": raw,
        "enriched_bucket": enriched,
        "stream": STREAM,
        "symbol_of": SYMBOLS.__getitem__,
        "simulated": False,
    }
    return InfluxSettings(**(given | changed))


@contextmanager
def influx_store(influx: Influx, folder: Path, unique: Callable[[str], str], **changed: Any) -> Iterator[InfluxStore]:
    """The store of the contract tests."""
    store = InfluxStore(settings_for(influx, folder, unique, **changed), FIELDS)
    yield store
    store.close()
