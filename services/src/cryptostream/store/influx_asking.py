"""Questions to one InfluxDB, asked and answered."""

from typing import Final

from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.influx_http import InfluxHttp
from cryptostream.store.influx_reading import Row, answered
from cryptostream.store.influx_refusals import Fault, Place, unanswered

_HEADERS: Final = {"Accept": "application/x-msgpack", "Content-Type": "application/vnd.influxql"}


def ask(http: InfluxHttp, place: Place, query: str, until: float) -> Result[list[list[Row]], Fault]:
    """The rows that answer each statement of `query`, until that time (monotonic seconds).

    A bucket is a database of InfluxQL by its own name; naming the retention policy keeps a mapping that somebody made
    for that name from leading elsewhere.
    """
    params = {"db": place.bucket, "rp": "autogen", "epoch": "ms"}
    done = http.ask("POST", "/query", params, query.encode(), _HEADERS, until)
    if isinstance(done, Err):
        return done
    found = answered(done.value)
    return Err[Fault](unanswered(found.error, place)) if isinstance(found, Err) else Ok(found.value)
