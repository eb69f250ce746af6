"""What a declared stream gives its producer to do. Pure."""

from collections.abc import Mapping

from cryptostream.core.market.interval import MINUTE, SECOND, Millis
from cryptostream.core.market.series import Series
from cryptostream.core.resource.history import history_start, poll_seconds
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.stream.runs import Run
from cryptostream.core.stream.series_state import ProducerConfig
from cryptostream.producer.edges import Job

AUDIT_SHARE = 600
"""Weight a minute that audits may cost: a tenth of the exchange's limit."""
KLINES_WEIGHT = 2


def series_of(spec: StreamSpec) -> tuple[Series, ...]:
    """Every series of the stream."""
    return tuple(Series(symbol.name, interval) for symbol in spec.symbols for interval in spec.intervals)


def job_of(
    spec: StreamSpec,
    now: Millis,
    *,
    simulated: bool,
    ranges: Mapping[Series, tuple[Run, ...]] | None = None,
    generation: int = 0,
) -> Job:
    """The job at exchange time `now`; `ranges` are those of a recording, which is what it holds and no more."""
    series = series_of(spec)
    starts = {
        each: history_start(spec, each.interval, now) if ranges is None else ranges[each][0][0] for each in series
    }
    return Job(
        stream=spec.stream,
        symbols={symbol.name: symbol for symbol in spec.symbols},
        starts=starts,
        config=producer_config(spec, len(series)),
        simulated=simulated,
        ranges=ranges,
        poll_seconds=poll_seconds(spec) if spec.source.mode == "Rest" and ranges is None else None,
        generation=generation,
    )


def producer_config(spec: StreamSpec, series: int) -> ProducerConfig:
    """The step's times for a stream: audits are spread so that they stay within their share of the weight."""
    minutes = max(5, series * KLINES_WEIGHT / AUDIT_SHARE)
    config = ProducerConfig(audit_every=int(minutes * MINUTE))
    if spec.source.mode == "Auto":
        return config
    period = poll_seconds(spec) * SECOND
    return ProducerConfig(audit_every=config.audit_every, polling=True, grace=config.grace + 2 * period)
