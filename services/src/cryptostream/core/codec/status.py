"""The `/status` document of a running producer or consumer, which people and the operator read. Pure.

Open times and `banned_until` are milliseconds of the exchange's clock, `observed_at` is in microseconds.
What is not known is null.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from cryptostream.core.codec.versioned import SCHEMA, read
from cryptostream.core.market.candle import Int64
from cryptostream.core.market.gap import Cause, open_candles
from cryptostream.core.market.reject import Rejected
from cryptostream.core.result import Result

MOST: Final = 500
"""Series of a document, at most; of a larger stream it has the worst ones and the totals."""
WORST: Final = 20

Role = Literal["producer", "consumer", "run"]
"""`run` is the embedded run, which is both in one process."""


class SeriesStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One series.

    A producer states `next_open`, the first open time not published yet, and what the exchange says of the `market`;
    a consumer `newest_open`, the last one stored. `gaps` counts candles by cause, `lag` records published and not
    stored. `published`, `duplicates` and `dead_lettered` count since the process began, and so does `stored` of a
    consumer, as its partitions come and go; of a run it counts all there are.
    """

    symbol: str
    interval: str
    next_open: Int64 | None = None
    newest_open: Int64 | None = None
    freshness_seconds: float | None = None
    expected: Int64 | None = None
    stored: Int64 | None = None
    gaps: dict[Cause, Int64] = {}
    lag: Int64 | None = None
    published: Int64 | None = None
    duplicates: Int64 | None = None
    dead_lettered: Int64 | None = None
    market: str | None = None

    @property
    def missing(self) -> int:
        """Candles expected and not stored, as far as both are known; else those that the exchange may still have."""
        if self.expected is None or self.stored is None:
            return open_candles(self.gaps)
        return self.expected - self.stored


class PartitionStatus(msgspec.Struct, frozen=True):
    """One partition that is read: records published there and not dealt with. It may hold several series."""

    topic: str
    partition: int
    lag: Int64


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All series together, also those that the document leaves out; `freshness_seconds` is the worst one's.

    `lag` is that of all partitions where these are known. `unplaced` counts dead letters that belong to no series.
    """

    series: int
    expected: Int64
    stored: Int64
    gaps: dict[Cause, Int64]
    lag: Int64
    freshness_seconds: float | None
    published: Int64 = 0
    duplicates: Int64 = 0
    dead_lettered: Int64 = 0
    unplaced: Int64 = 0


class ExchangeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the exchange treats this address: request weight of the current minute, ban, clock, WebSockets."""

    weight_used: int | None = None
    weight_limit: int | None = None
    banned_until: Int64 | None = None
    clock_offset_ms: int | None = None
    connections: int = 0


class StoreStatus(msgspec.Struct, frozen=True):
    """Whether the last call to the store succeeded, and the last error since the start."""

    reachable: bool
    last_error: str | None = None


class LogStatus(msgspec.Struct, frozen=True):
    """Whether the last call to the log succeeded, and the last error since the start."""

    reachable: bool
    last_error: str | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a process says of itself; parts that it does not have are null."""

    schema: int = SCHEMA
    role: Role
    stream: str
    generation: int
    observed_at: Int64
    series: tuple[SeriesStatus, ...]
    totals: Totals
    partitions: tuple[PartitionStatus, ...] = ()
    exchange: ExchangeStatus | None = None
    store: StoreStatus | None = None
    log: LogStatus | None = None


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Status)


def encode(status: Status) -> bytes:
    """The document."""
    return _encoder.encode(status)


def decode(value: bytes) -> Result[Status, Rejected]:
    """The document in `value`; `newer_schema` or `malformed` if there is none."""
    return read(_decoder, value)


def status_of(  # noqa: PLR0913 - the parts of the document
    *,
    role: Role,
    stream: str,
    generation: int,
    observed_at: int,
    series: Sequence[SeriesStatus],
    partitions: Sequence[PartitionStatus] = (),
    unplaced: int = 0,
    exchange: ExchangeStatus | None = None,
    store: StoreStatus | None = None,
    log: LogStatus | None = None,
) -> Status:
    """The document on all of `series` and `partitions`, of which it shows the 20 worst where they are more than 500.

    Parameters
    ----------
    stream
        `<namespace>.<name>`.
    generation
        Generation of the assignment that the process follows.
    observed_at
        When all this was so, in µs.
    """
    return Status(
        role=role,
        stream=stream,
        generation=generation,
        observed_at=observed_at,
        series=tuple(series) if len(series) <= MOST else tuple(sorted(series, key=_goodness)[:WORST]),
        totals=_totals(series, partitions, unplaced),
        partitions=tuple(partitions if len(partitions) <= MOST else sorted(partitions, key=_nearness)[:WORST]),
        exchange=exchange,
        store=store,
        log=log,
    )


def _goodness(series: SeriesStatus) -> tuple[int, float, int, str, str]:
    """Order from the worst series to the best: by candles missing, then by age, then by lag."""
    return -series.missing, -(series.freshness_seconds or 0), -(series.lag or 0), series.symbol, series.interval


def _nearness(partition: PartitionStatus) -> tuple[int, str, int]:
    return -partition.lag, partition.topic, partition.partition


def _totals(series: Iterable[SeriesStatus], partitions: Iterable[PartitionStatus], unplaced: int) -> Totals:
    each = tuple(series)
    ages = (one.freshness_seconds for one in each)
    gaps: Counter[Cause] = Counter()
    for one in each:
        gaps.update(one.gaps)
    return Totals(
        series=len(each),
        expected=sum(one.expected or 0 for one in each),
        stored=sum(one.stored or 0 for one in each),
        gaps=dict(gaps),
        lag=sum(one.lag for one in partitions) or sum(one.lag or 0 for one in each),
        freshness_seconds=max((age for age in ages if age is not None), default=None),
        published=sum(one.published or 0 for one in each),
        duplicates=sum(one.duplicates or 0 for one in each),
        dead_lettered=sum(one.dead_lettered or 0 for one in each),
        unplaced=unplaced,
    )
