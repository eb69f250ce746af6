"""The InfluxDB of a consumer, as its configuration names it. Connects to nothing yet."""

from collections.abc import Mapping
from pathlib import Path

from cryptostream.core.market.series import Symbol
from cryptostream.core.ports import LogError
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream.core.stream.consumer_config import stream_config, symbol_named
from cryptostream.service.settings import Settings
from cryptostream.store.influx_http import InfluxObserver
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.influx_store import InfluxStore


def open_influx(settings: Settings, observer: InfluxObserver | None = None) -> Result[InfluxStore, LogError]:
    """`Err` where the file of the authority holds no certificate."""
    access = settings.config.store
    if access is None:
        return Err(LogError("store must be given for a consumer", fatal=True))
    influx = InfluxSettings(
        url=access.url,
        org=access.org,
        token_file=Path(access.token_file),
        ca_file=None if access.ca_file is None else Path(access.ca_file),
        raw_bucket=access.buckets.raw,
        enriched_bucket=access.buckets.enriched,
        stream=settings.spec.stream,
        symbol_of=Symbols(settings.spec).of,
        simulated=settings.config.simulated,
    )
    try:
        return Ok(InfluxStore(influx, plan(settings.spec).fields, observer))
    except OSError as error:  # ssl.SSLError is one
        return Err(LogError(f"store.caFile: no certificates in {access.ca_file}: {error}", fatal=True))


class Symbols:
    """Coin and quote of each symbol: as declared, or from its name, as the consumer judges what it was not told of."""

    def __init__(self, spec: StreamSpec) -> None:
        self._known: Mapping[str, Symbol] = {symbol.name: symbol for symbol in spec.symbols}
        self._config = stream_config(spec, ())

    def of(self, name: str) -> Symbol:
        return self._known.get(name) or symbol_named(self._config, name) or Symbol(name, name, "")
