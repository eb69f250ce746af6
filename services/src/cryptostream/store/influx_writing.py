"""Writing to one InfluxDB: deletions before points, portions, halves. Everything may be done again."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import StoreError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_http import InfluxHttp, Response
from cryptostream.store.influx_lines import Erasure, halves, packed, portions
from cryptostream.store.influx_reading import predicate
from cryptostream.store.influx_refusals import Answer, blames_the_body, error_of
from cryptostream.store.influx_settings import InfluxSettings

ATTEMPTS = 3
"""How often a body is sent which InfluxDB says it cannot unpack."""
Done = Result[None, StoreError]


class InfluxWriter:
    """Writes into the buckets of one stream, each request within its deadline."""

    def __init__(self, settings: InfluxSettings, http: InfluxHttp) -> None:
        self._settings = settings
        self._http = http

    def put(self, bucket: str, erasures: Iterable[Erasure], lines: Sequence[str]) -> Done:
        """Delete, then write: in this order, or the new points would go too."""
        for erasure in erasures:
            erased = self._erase(bucket, erasure)
            if isinstance(erased, Err):
                return erased
        for body in portions(lines, self._settings.points):
            written = self._write(bucket, body)
            if isinstance(written, Err):
                return written
        return Ok(None)

    def _write(self, bucket: str, body: bytes, attempt: int = 1) -> Done:
        params = {"org": self._settings.org, "bucket": bucket, "precision": "ms"}
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
        done = self._http.post("/api/v2/write", params, packed(body), headers, self._settings.deadline)
        match done:
            case Err(Answer(413)) if parts := halves(body):
                first = self._write(bucket, parts[0])
                return first if isinstance(first, Err) else self._write(bucket, parts[1])
            case Err(Answer() as answer) if blames_the_body(answer):
                if attempt < ATTEMPTS:
                    return self._write(bucket, body, attempt + 1)
                return Err(StoreError(f"InfluxDB cannot unpack a batch for bucket {bucket}", retryable=False))
            case _:
                return self._ended(done, bucket)

    def _erase(self, bucket: str, erasure: Erasure) -> Done:
        wanted = {
            "start": _moment(erasure.first),
            "stop": _moment(erasure.last),
            "predicate": predicate(self._settings.stream, erasure.measurement, erasure.series),
        }
        params = {"org": self._settings.org, "bucket": bucket}
        headers = {"Content-Type": "application/json"}
        body = msgspec.json.encode(wanted)
        return self._ended(self._http.post("/api/v2/delete", params, body, headers, self._settings.deadline), bucket)

    def _ended(self, done: Result[Response, Answer | StoreError], bucket: str) -> Done:
        if isinstance(done, Err):
            return Err(error_of(done.error, bucket, self._settings.token_file))
        done.value.drain_conn()
        done.value.release_conn()
        return Ok(None)


def _moment(millis: Millis) -> str:
    """A time as the API has it; the end of a range belongs to it."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
