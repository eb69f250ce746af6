"""Where candles come from: `spec.source` and `spec.egress` of a `CryptoStream`. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cryptostream.core.resource.fields import Field, Parser, items, join, record
from cryptostream.core.resource.scalars import choice, integer, is_private, label, moment, subdomain, url
from cryptostream.core.resource.spec import Egress, Endpoints, Fault, History, Source

YEAR: Final = 366 * 24 * 3600

REST_ENDPOINTS: Final = (
    "https://data-api.binance.vision",
    "https://api.binance.com",
    "https://api-gcp.binance.com",
    "https://api1.binance.com",
    "https://api2.binance.com",
    "https://api3.binance.com",
    "https://api4.binance.com",
)
STREAM_ENDPOINTS: Final = (
    "wss://data-stream.binance.vision:443",
    "wss://stream.binance.com:9443",
    "wss://stream.binance.com:443",
)
"""The hosts for market data alone come first, then those that trade too."""

BEGINNING: Final = datetime(2017, 1, 1, tzinfo=UTC)
"""The exchange opened in July 2017, and refuses times before that year."""


def _address(secure: str, plain: str) -> Parser[tuple[str, ...]]:
    return items(url(secure, plain, is_private), most=16, key=str)


def _one_history(history: History, path: str) -> Iterator[Fault]:
    if history.start_time is not None and history.seconds is not None:
        yield Fault(path, "must have startTime or seconds, not both", "remove one of the two")


def _one_mode(source: Source, path: str) -> Iterator[Fault]:
    if source.poll_seconds is not None and source.mode != "Rest":
        message = "must only be given with mode Rest: in mode Auto candles are pushed"
        yield Fault(join(path, "pollSeconds"), message, "remove it, or write mode: Rest")


DEFAULT_ENDPOINTS: Final = Endpoints(REST_ENDPOINTS, STREAM_ENDPOINTS)
DEFAULT_SOURCE: Final = Source(DEFAULT_ENDPOINTS)

_endpoints: Final = record(
    Endpoints,
    (
        Field("rest", _address("https", "http"), REST_ENDPOINTS),
        Field("stream", _address("wss", "ws"), STREAM_ENDPOINTS),
    ),
)
_history: Final = record(
    History,
    (Field("startTime", moment(BEGINNING)), Field("seconds", integer(1, 20 * YEAR))),
    _one_history,
)
source: Final = record(
    Source,
    (
        Field("exchange", choice("Binance"), "Binance"),
        Field("endpoints", _endpoints, DEFAULT_ENDPOINTS),
        Field("mode", choice("Auto", "Rest"), "Auto"),
        Field("history", _history, History()),
        Field("pollSeconds", integer(1, 86_400)),
    ),
    _one_mode,
)


egress: Final = record(
    Egress, (Field("proxyUrl", url("https", "http")), Field("caSecretName", subdomain), Field("group", label))
)
