"""How the topics of a plan are configured."""

from cryptostream.core.resource.plan import topics
from cryptostream.log.kafka_admin import topic_configs
from tests.support.resources import stream


def test_topics_of_records_keep_them_for_their_retention() -> None:
    prices, letters, _ = topics(stream(intervals=["1m"]))
    week = {"cleanup.policy": "delete", "retention.ms": str(7 * 24 * 3600 * 1000)}
    assert topic_configs(prices) == topic_configs(letters) == week


def test_the_ledger_is_compacted_soon_and_in_small_segments() -> None:
    *_, ledger = topics(stream(intervals=["1m"]))
    assert topic_configs(ledger) == {
        "cleanup.policy": "compact",
        "segment.bytes": "1048576",
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": "600000",
        "delete.retention.ms": "600000",
    }
