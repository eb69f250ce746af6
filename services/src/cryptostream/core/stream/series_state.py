"""The producer's values: what it knows of one series, what may happen to it, and what it wants done. Pure."""

from typing import Literal

import msgspec

from cryptostream.core.market.candle import Candle, CandleTable, Lane
from cryptostream.core.market.gap import Cause, Gap
from cryptostream.core.market.interval import INTERVALS, Interval, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import ExchangeError, KlinePage
from cryptostream.core.stream.runs import Run

SECOND = 1_000
MINUTE = 60 * SECOND


class ProducerConfig(msgspec.Struct, frozen=True):
    """Times in milliseconds; the defaults are those of `wire.md`."""

    deadline_fast: Millis = 2 * SECOND
    deadline: Millis = 3 * SECOND
    hold: Millis = 3 * SECOND
    grace: Millis = 10 * SECOND
    proof_pause: Millis = 60 * SECOND
    proof_age: Millis = 10 * MINUTE
    retry_first: Millis = 1 * SECOND
    retry_most: Millis = 30 * SECOND
    audit_delay: Millis = 5 * MINUTE
    audit_every: Millis | None = 5 * MINUTE
    polling: bool = False
    skew: Millis = 5 * MINUTE
    page: int = 1000


class Live(msgspec.Struct, frozen=True):
    """The live cursor: `next` is the open time of the next candle of the live lane.

    `held` are candles beyond it, ascending: they wait for it since `held_since`. `trade` is the id that the
    next trade of the series must have, None where the source has stated none since the last seam.
    """

    next: Millis
    held: tuple[Candle, ...] = ()
    held_since: Millis | None = None
    trade: int | None = None
    asked: bool = False
    retry_at: Millis = 0
    attempts: int = 0
    misses: int = 0


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """Open times of the past that are not published yet, filled front first so that lanes ascend.

    The ledger knows it as [`start`, `ledgered`]; `front` is the first open time still undecided, and `rows` are
    candles that arrived beyond it. `repaired` and `absent` are the decided runs before it. `doubted` is when
    the exchange first answered without the candle at `front` though it had a later one. `asked` is where the
    question begins that is open. `first_trade` and `next_trade` are the ids around the hole, `trades` counts the
    trades filled in. A hole whose cause is `expired` was published once, and keeps that cause.
    """

    start: Millis
    end: Millis
    front: Millis
    lane: Lane
    detected_at: Millis
    ledgered: Millis = 0
    cause: Cause = "pending"
    rows: tuple[Candle, ...] = ()
    repaired: tuple[Run, ...] = ()
    absent: tuple[Run, ...] = ()
    doubted: Millis | None = None
    asked: Millis | None = None
    retry_at: Millis = 0
    attempts: int = 0
    first_trade: int | None = None
    next_trade: int | None = None
    trades: int | None = 0

    @property
    def expired(self) -> bool:
        """Whether its candles were published before, and deleted by the log before they were read."""
        return self.cause == "expired"


class Absence(msgspec.Struct, frozen=True):
    """A run which the exchange itself does not have."""

    start: Millis
    end: Millis
    cause: Cause


class Audit(msgspec.Struct, frozen=True):
    """What is still to be compared with the exchange: runs, and when the next ones are due.

    `revised` are new revisions which the log has not shown yet.
    """

    runs: tuple[Run, ...] = ()
    asked: bool = False
    retry_at: Millis = 0
    attempts: int = 0
    since: Millis = 0
    next_at: Millis | None = None
    next_day: Millis | None = None
    revised: tuple[tuple[int, Candle], ...] = ()


class Listing(msgspec.Struct, frozen=True):
    """Whether it is known where the exchange's candles of this series begin; until then its start is not judged.

    `doubted` is when the exchange first answered without any candle at all.
    """

    known: bool = True
    asked: bool = False
    retry_at: Millis = 0
    doubted: Millis | None = None


class SeriesState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the producer knows of one series.

    `spans` are the ranges of open times which the series should have, the last one open-ended (None) unless
    it is a recording. `status` is the exchange's word for the market; only `TRADING` and `HALT` (which still
    makes candles) have deadlines. `published` and `duplicates` are of this run, `earlier` and
    `earlier_duplicates` of those before it.
    """

    series: Series
    spans: tuple[tuple[Millis, Millis | None], ...]
    live: Live
    holes: tuple[Hole, ...] = ()
    absences: tuple[Absence, ...] = ()
    audit: Audit = Audit()
    listing: Listing = Listing()
    status: str = "TRADING"
    published: int = 0
    duplicates: int = 0
    earlier: int = 0
    earlier_duplicates: int = 0

    @property
    def interval(self) -> Interval:
        return INTERVALS[self.series.interval]

    @property
    def flows(self) -> bool:
        """Whether the exchange makes candles of this market."""
        return self.status in {"TRADING", "HALT"}


# ---------------------------------------------------------------- events

Purpose = Literal["live", "repair", "history", "audit", "listing"]


class Closed(msgspec.Struct, frozen=True):
    """A closed candle arrived by itself."""

    candle: Candle


class Fetched(msgspec.Struct, frozen=True):
    """The answer to the `Fetch` from `start` on; `published` is what the log has of an audited range."""

    purpose: Purpose
    start: Millis
    page: KlinePage
    published: CandleTable | None = None


class FetchFailed(msgspec.Struct, frozen=True):
    """The `Fetch` from `start` on brought no answer."""

    purpose: Purpose
    start: Millis
    error: ExchangeError


class Tick(msgspec.Struct, frozen=True):
    """Time has passed."""


class Seam(msgspec.Struct, frozen=True):
    """The live stream starts to flow (again), or a polling cycle begins: fetch what closed meanwhile."""


class Status(msgspec.Struct, frozen=True):
    """The exchange's word for the market; `DELISTED` where it no longer knows the symbol."""

    status: str


class Reopened(msgspec.Struct, frozen=True):
    """Others have named a gap in the ledger: what was published there has expired before it was read."""

    gap: Gap


Event = Closed | Fetched | FetchFailed | Tick | Seam | Status | Reopened

# ---------------------------------------------------------------- effects


class Publish(msgspec.Struct, frozen=True):
    """Publish `candles`, ascending, in `lane`, all at `revision`."""

    candles: tuple[Candle, ...]
    lane: Lane
    revision: int = 0


class Fetch(msgspec.Struct, frozen=True):
    """Ask for the oldest `limit` candles from `start` on; answered by exactly one event of this purpose."""

    purpose: Purpose
    start: Millis
    limit: int


class RecordGap(msgspec.Struct, frozen=True):
    """Write the gap to the ledger."""

    gap: Gap


class Resubscribe(msgspec.Struct, frozen=True):
    """The live stream of this series is silent: subscribe it anew."""


class Note(msgspec.Struct, frozen=True):
    """Something to count and, if it is no routine, to log."""

    kind: Literal["duplicate", "in_future", "off_grid", "chain_break", "chain_proof", "restated", "reappeared"]
    count: int = 1
    detail: str = ""


Effect = Publish | Fetch | RecordGap | Resubscribe | Note
Step = tuple[SeriesState, tuple[Effect, ...]]
