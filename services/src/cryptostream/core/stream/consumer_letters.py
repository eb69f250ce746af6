"""Dead letters as the consumer writes and counts them. Pure."""

from typing import Literal

from msgspec.structs import replace

from cryptostream.core.market.candle import CandleRecord
from cryptostream.core.market.interval import INTERVALS, Millis
from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Series
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.core.stream.consumer_config import ConsumerConfig

Stage = Literal["decode", "validate", "store"]


def letter(
    log: LogRecord, rejected: Rejected, stage: Stage, now: Millis, record: CandleRecord | None = None
) -> DeadLetter:
    """The dead letter of `log`, its headers read; without a `record`, key and topic tell what they can."""
    log = replace(log, headers=tuple(log.headers))
    if record is not None:
        return DeadLetter(log, rejected, stage, now, record.symbol, record.interval, record.open_time)
    interval = log.topic.rpartition(".prices-")[2]
    symbol = log.key.decode("utf-8", "replace")
    return DeadLetter(log, rejected, stage, now, symbol or None, interval if interval in INTERVALS else None)


def placed(config: ConsumerConfig, refused: DeadLetter) -> Series | None:
    """The series of the stream that a dead letter would have belonged to."""
    return config.series.get((refused.symbol or "", refused.interval or ""))
