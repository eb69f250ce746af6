"""Writing to one InfluxDB: deletions before points, bodies side by side, halves. Everything may be done again."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_asking import ask
from cryptostream.store.influx_http import InfluxHttp, InfluxObserver
from cryptostream.store.influx_lines import count, halves, packed
from cryptostream.store.influx_reading import any_with, predicate
from cryptostream.store.influx_refusals import Answer, Fault, Place, error_of, may_come_late
from cryptostream.store.influx_settings import InfluxSettings
from cryptostream.store.influx_shedding import Bare

CONNECTIONS: Final = 2
"""Bodies on their way at one time."""
LEAST: Final = 256
"""Points of a body which is not parted any more for taking too long."""
SLOW: Final = 60.0
"""Seconds for which bodies are packed after one took too long: a fifth of the size, for twice the CPU time."""
LOOKS: Final = 50
"""Statements of one question."""
Done = Result[None, StoreError]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is to be done to one bucket: points that must not keep fields they have, and bodies of lines."""

    bucket: str
    bare: tuple[Bare, ...]
    bodies: tuple[bytes, ...]


@dataclass(slots=True, eq=False)
class Task:
    """An order, and which of its bodies are left."""

    order: Order
    left: tuple[bytes, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.order.bodies


@dataclass(frozen=True, slots=True)
class Sent:
    """What is left of a body, and why."""

    left: tuple[bytes, ...] = ()
    error: StoreError | None = None


class InfluxWriter:
    """Writes for one stream. Tasks may be given again: what is done of them stays done."""

    def __init__(self, settings: InfluxSettings, http: InfluxHttp, observer: InfluxObserver | None) -> None:
        self._settings = settings
        self._http = http
        self._observer = observer
        self._threads = ThreadPoolExecutor(CONNECTIONS, "influx-write")
        self._unsettled = False
        self._slow_until = 0.0

    def write(self, tasks: Iterable[Task], until: float) -> Done:
        """Do `tasks`, one after the other, until that time (monotonic seconds)."""
        done = self._settle(until)
        for task in tasks:
            if isinstance(done, Ok):
                done = self._put(task, until)
        return done

    def close(self) -> None:
        """Wait until nothing is being sent."""
        self._threads.shutdown()

    # ------------------------------------------------------------ one bucket

    def _put(self, task: Task, until: float) -> Done:
        """Delete points that have what they must not keep, and write; until a look finds no such point any more.

        A deletion while InfluxDB writes its cache to a file misses what is there, and that is seen only afterwards.
        """
        order = task.order
        while order.bare:
            found = self._unwanted(order, until)
            if isinstance(found, Err):
                return found
            if not found.value:
                break
            task.left = order.bodies
            for bare in found.value:
                deleted = self._delete(order.bucket, bare, until)
                if isinstance(deleted, Err):
                    return deleted
            sent = self._send(task, until)
            if isinstance(sent, Err):
                return sent
        return self._send(task, until)

    def _unwanted(self, order: Order, until: float) -> Result[list[Bare], StoreError]:
        """Those stretches in which a point is stored with a field that it must not keep."""
        place, found = self._place(order.bucket), list[Bare]()
        for at in range(0, len(order.bare), LOOKS):
            bares = order.bare[at : at + LOOKS]
            query = "; ".join(any_with(self._settings.stream, bare) for bare in bares)
            rows = ask(self._http, place, query, until)
            if isinstance(rows, Err):
                return Err(error_of(rows.error, place))
            found += [bare for bare, row in zip(bares, rows.value, strict=True) if row]
        return Ok(found)

    def _delete(self, bucket: str, bare: Bare, until: float) -> Done:
        wanted = {
            "start": _moment(bare.first),
            "stop": _moment(bare.last),
            "predicate": predicate(self._settings.stream, bare),
        }
        params = {"org": self._settings.org, "bucket": bucket}
        headers = {"Content-Type": "application/json"}
        body = msgspec.json.encode(wanted)
        done = self._http.ask("POST", "/api/v2/delete", params, body, headers, until)
        if isinstance(done, Err):
            return Err(self._noted(done.error, bucket))
        if self._observer is not None:
            self._observer.store_deleted(bucket)
        return Ok(None)

    # ------------------------------------------------------------ bodies

    def _send(self, task: Task, until: float) -> Done:
        """Send what is left of a task."""
        sending = [self._threads.submit(self._write, task.order.bucket, body, until) for body in task.left]
        sent = [each.result() for each in sending]
        task.left = tuple(body for each in sent for body in each.left)
        error = next((each.error for each in sent if each.error is not None), None)
        return Ok(None) if error is None else Err(error)

    def _write(self, bucket: str, body: bytes, until: float) -> Sent:
        done = self._post(bucket, body, until)
        if isinstance(done, Ok):
            return Sent()
        parts = halves(body)
        if parts is not None and isinstance(done.error, Answer) and done.error.status == 413:
            first, second = (self._write(bucket, part, until) for part in parts)
            return Sent((*first.left, *second.left), first.error or second.error)
        error = self._noted(done.error, bucket)
        smaller = parts if may_come_late(done.error) and count(body) > LEAST else None
        return Sent(smaller or (body,), error)

    def _post(self, bucket: str, body: bytes, until: float) -> Result[bytes, Fault]:
        """Send a body; packed while InfluxDB seems far away, and as it is where that was of no use."""
        params = {"org": self._settings.org, "bucket": bucket, "precision": "ms"}
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        pack = time.monotonic() < self._slow_until
        if pack:
            there = packed(body)
            done = self._http.ask("POST", "/api/v2/write", params, there, {**headers, **_PACKED}, until)
        if not pack or _unreadable(done):
            there = body
            done = self._http.ask("POST", "/api/v2/write", params, there, headers, until)
        if isinstance(done, Ok) and self._observer is not None:
            self._observer.store_wrote(bucket, count(body), len(there))
        return done

    # ------------------------------------------------------------ what is not answered

    def _settle(self, until: float) -> Done:
        """After a request which nobody answered, let InfluxDB finish it before it gets another one.

        A deletion that comes late would take away what was written since, and a line put an older revision over a
        newer one.
        """
        if not self._unsettled:
            return Ok(None)
        there = self._http.ask("GET", "/ping", {}, b"", {}, until)
        if isinstance(there, Err):
            return Err(error_of(there.error, self._place(self._settings.raw_bucket)))
        time.sleep(max(0.0, min(self._settings.settle, until - time.monotonic())))
        self._unsettled = False
        return Ok(None)

    def _noted(self, fault: Fault, bucket: str) -> StoreError:
        """The error that `fault` stands for, once it is remembered whether something may come late."""
        if may_come_late(fault):
            self._unsettled = True
            self._slow_until = time.monotonic() + SLOW
        return error_of(fault, self._place(bucket))

    def _place(self, bucket: str) -> Place:
        return Place(bucket, self._settings.token_file)


_PACKED: Final = {"Content-Encoding": "gzip"}


def _unreadable(done: Result[bytes, Fault]) -> bool:
    """Whether InfluxDB may not have been able to unpack a body: it says 500 in several ways."""
    return isinstance(done, Err) and isinstance(done.error, Answer) and done.error.status == 500


def _moment(millis: Millis) -> str:
    """A time as the API has it; the end of a range belongs to it."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
