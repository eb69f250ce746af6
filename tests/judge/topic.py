"""The topics of candles, record by record in the order of each partition: what was published, and what is wrong.

Each (candle, revision) once; revisions of a candle 0, 1, 2 …, each a later version of the truth; open times ascending
in each lane of a series within one session of the producer. Pure: records and truth are given to it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tests.judge.findings import Findings
from tests.judge.record import Message, faults, parsed, series_of
from tests.judge.stream import Series, Stream
from tests.judge.truth import Figures, Truth, joined


class Published(NamedTuple):
    """The newest record of a candle; `version` is the place of its figures in the truth, -1 if they never were true."""

    revision: int
    version: int
    figures: Figures
    lane: str
    source: str
    exchange_time: int
    published_at: int
    timestamp: int


Named = Callable[[Series, int], bool]
"""Whether an open time of a series has a certain entry in the ledger."""


class Topics:
    """What the topics hold of a stream. `starts` are the times (ms) at which processes of the producer were started."""

    def __init__(self, stream: Stream, truth: Truth, starts: list[int]) -> None:
        self.findings = Findings()
        self.records = 0
        self.newest: dict[Series, dict[int, Published]] = {series: {} for series in stream.series}
        self.again: dict[tuple[Series, int], list[Published]] = {}
        self.times: dict[tuple[str, int], list[int]] = {}
        """By topic and partition the times of publication (ms) of all records, in order."""
        self._stream = stream
        self._truth = truth
        self._starts = starts
        self._last: dict[tuple[Series, str], int] = {}
        self._session: dict[tuple[Series, str], int] = {}

    def read(self, messages: Iterable[Message], expired: Named, reappeared: Named) -> dict[Series, int]:
        """Judge `messages`; returns the earliest open time that was published of each series.

        What the ledger calls expired may be published once more, and what had been named absent may come late.
        """
        touched: dict[Series, int] = {}
        for message in messages:
            self.records += 1
            self.times.setdefault((message.topic, message.partition), []).append(message.timestamp)
            stated = parsed(message)
            if isinstance(stated, str):
                self.findings.add("wrong", f"{message}: {stated}")
                continue
            self._note_faults(message, stated)
            series = series_of(stated)
            if series in self.newest:
                self._judge(message, series, stated, expired, reappeared)
                touched[series] = min(touched.get(series, stated["open_time"]), stated["open_time"])
        return touched

    def _note_faults(self, message: Message, stated: dict[str, Any]) -> None:
        for fault in faults(self._stream, message, stated):
            self.findings.add("wrong", f"{message}, {series_of(stated)} {stated['open_time']}: {fault}")

    def _judge(
        self, message: Message, series: Series, stated: dict[str, Any], expired: Named, reappeared: Named
    ) -> None:
        open_time, revision = stated["open_time"], stated["revision"]
        before = self.newest[series].get(open_time)
        published = self._compared(message, series, stated, before)
        due = 0 if before is None else before.revision + 1
        if revision == due:
            self.newest[series][open_time] = published
        elif revision > due:
            self.findings.add("lost", f"{message}, {series} {open_time}: revision {revision} comes where {due} is due")
            self.newest[series][open_time] = published
        elif expired(series, open_time):
            self.again.setdefault((series, open_time), []).append(published)
        else:
            self.findings.add("duplicated", f"{message}, {series} {open_time}: revision {revision} once more")
        if revision == 0:
            late = expired(series, open_time) or reappeared(series, open_time)
            self._check_order(message, series, stated["lane"], open_time, late=late)

    def _compared(
        self, message: Message, series: Series, stated: dict[str, Any], before: Published | None
    ) -> Published:
        """The record as it is kept, its figures held against the versions that the exchange has had."""
        text, open_time = joined(stated), stated["open_time"]
        versions = self._truth.versions(series, open_time)
        first = before.version + 1 if before is not None and stated["revision"] > before.revision else 0
        version = next((n for n, known in enumerate(versions) if n >= first and known.text == text), -1)
        if version < 0:
            self.findings.add("wrong", f"{message}, {series} {open_time}: {_difference(text, versions, first)}")
        ids = (stated["first_trade_id"], stated["last_trade_id"])
        if stated["source"] == "websocket" and version >= 0 and ids != versions[version][1:]:
            self.findings.add("wrong", f"{message}, {series} {open_time}: trade ids {ids}, not {versions[version][1:]}")
        return Published(
            stated["revision"],
            version,
            Figures(text, *ids) if version < 0 else Figures(versions[version].text, *ids),
            stated["lane"],
            stated["source"],
            stated["exchange_time"],
            stated["published_at"],
            message.timestamp,
        )

    def _check_order(self, message: Message, series: Series, lane: str, open_time: int, *, late: bool) -> None:
        """Ascending, but for what comes late, and once after each start of a producer."""
        place, last = (series, lane), self._last.get((series, lane), -1)
        if open_time <= last:
            if late:
                return
            session = bisect_right(self._starts, message.timestamp)
            if session <= self._session.get(place, 1):
                self.findings.add("wrong", f"{message}, {series}: {lane} goes back from {last} to {open_time}")
            self._session[place] = session
        self._last[place] = open_time


def _difference(text: str, versions: tuple[Figures, ...], first: int) -> str:
    if not versions:
        return f"the exchange has no such candle ({text})"
    told = Figures(text, None, None).values
    near = versions[-1].values
    if told == near:
        return f"a revision that changes nothing: version {len(versions) - 1} of the truth was told before"
    parts = [f"{name} {told[name]} is {near[name]} at the exchange" for name in told if told[name] != near[name]]
    return ", ".join(parts) + (f" (version {first} of {len(versions)} was due)" if len(versions) > 1 else "")
