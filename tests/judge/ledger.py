"""The ledger's topic: gaps at their newest state, and whether they name just what the exchange lacks. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.judge import grid
from tests.judge.findings import Findings
from tests.judge.record import Message
from tests.judge.stream import Series, Stream

ABSENT = {"exchange_outage", "before_listing", "delisted"}
CAUSES = ABSENT | {"pending", "expired", "blocked"}
GAP_FIELDS = {
    *("schema", "from", "to", "candles", "cause", "state"),
    *("detected_at", "resolved_at", "evidence", "proof"),
}
PROGRESS_FIELDS = {
    *("schema", "next_open", "last_trade_id", "published", "duplicates_dropped"),
    *("topic_offset", "generation", "at"),
}


class Gap(NamedTuple):
    """As in the ledger: from `start` to `end`, both included."""

    series: Series
    start: int
    end: int
    stated: Mapping[str, Any]

    @property
    def cause(self) -> str:
        return str(self.stated["cause"])

    @property
    def open(self) -> bool:
        return bool(self.stated["state"] == "open")

    def holds(self, open_time: int) -> bool:
        return self.start <= open_time <= self.end

    def __str__(self) -> str:
        return f"gap of {self.series} from {self.start} to {self.end} ({self.cause}, {self.stated['state']})"


class Ledger:
    """Gaps and checkpoints, each at its newest state, and every range that was ever called expired or came late."""

    def __init__(self, stream: Stream) -> None:
        self.findings = Findings()
        self.gaps: dict[tuple[Series, int], Gap] = {}
        self.progress: dict[Series, Mapping[str, Any]] = {}
        self._stream = stream
        self._expired: dict[Series, list[Gap]] = {}
        self._absent: dict[Series, list[Gap]] = {}

    def read(self, messages: Iterable[Message]) -> None:
        """Take in records in the order of their partitions."""
        for message in messages:
            if message.value is None:
                self.findings.add("wrong", f"{message}: the ledger forgets {message.key!r}")
            elif (fault := self._take(message)) is not None:
                self.findings.add("wrong", f"{message}, key {message.key!r}: {fault}")

    def expired(self, series: Series, open_time: int) -> bool:
        return any(gap.holds(open_time) for gap in self._expired.get(series, ()))

    def reappeared(self, series: Series, open_time: int) -> bool:
        """Whether it had been named absent at some time."""
        return any(gap.holds(open_time) for gap in self._absent.get(series, ()))

    def of(self, series: Series) -> list[Gap]:
        return [gap for (owner, _), gap in sorted(self.gaps.items()) if owner == series]

    def _take(self, message: Message) -> str | None:
        stated = json.loads(message.value or b"")
        match (message.key or b"").decode().split("|"):
            case ["g" | "e" as kind, symbol, interval, start] if (
                series := Series(symbol, interval)
            ) in self._stream.series:
                return self._take_gap(series, int(start), stated, by_consumer=kind == "e")
            case ["p", symbol, interval] if (series := Series(symbol, interval)) in self._stream.series:
                self.progress[series] = stated
                return None if stated.keys() >= PROGRESS_FIELDS else f"fields {sorted(stated)}"
            case _:
                return "no key of this stream"

    def _take_gap(self, series: Series, start: int, stated: Mapping[str, Any], *, by_consumer: bool) -> str | None:
        """What a consumer names (a range that expired) is news to the producer, which then has an entry of its own."""
        if stated.keys() != GAP_FIELDS or stated["from"] != start or stated["cause"] not in CAUSES:
            return f"no gap: {dict(stated)}"
        gap = Gap(series, start, stated["to"], stated)
        if not by_consumer:
            self.gaps[series, start] = gap
        if gap.cause == "expired":
            self._expired.setdefault(series, []).append(gap)
        elif gap.cause in ABSENT:
            self._absent.setdefault(series, []).append(gap)
        return None


def judge_gaps(series: Series, span: tuple[int, int], opens: Sequence[int], gaps: list[Gap]) -> Iterator[str]:
    """What is wrong with the `gaps` of a series in `span` [start, end), given all `opens` that the exchange has."""
    yield from (f"{gap} is left open" for gap in gaps if gap.open and gap.start < span[1])
    named = [gap for gap in gaps if not gap.open and gap.cause in ABSENT]
    covered: dict[int, list[Gap]] = {}
    for gap in named:
        for time in grid.opens(series.interval, gap.start, gap.end + 1):
            covered.setdefault(time, []).append(gap)
    first, there = min(opens, default=span[1]), set(opens)
    for time in grid.opens(series.interval, *span):
        found = covered.get(time, [])
        if time in there:
            yield from (f"{gap} names {time}, which the exchange has" for gap in found)
        elif len(found) != 1:
            yield f"{series} {time} is absent at the exchange, and {len(found)} gaps say so"
        elif (right := "before_listing" if time < first else "exchange_outage") != found[0].cause:
            yield f"{found[0]}: {time} is absent because of {right}"
    yield from (f"{gap} says {gap.stated['candles']} candles" for gap in named if _size(gap) != gap.stated["candles"])


def _size(gap: Gap) -> int:
    return sum(1 for _ in grid.opens(gap.series.interval, gap.start, gap.end + 1))
