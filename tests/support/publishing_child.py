"""A producer that takes over a stream and publishes what is missing of one series, until it is killed.

`python -m tests.support.publishing_child BOOTSTRAP STREAM START END SEED`: open times in [START, END) of BTCUSDC 1m, in
calls of very different sizes, each with a checkpoint. Says `ready` when it begins to publish.
"""

import random
import sys
from collections.abc import Iterator, Sequence

from cryptostream.core.market.interval import MINUTE, Millis
from cryptostream.log.kafka_books import KafkaBooks, kafka_books
from cryptostream.log.kafka_edge import KafkaEdge
from cryptostream.log.kafka_settings import KafkaSettings
from tests.support.kafka_stream import checkpoint, new_records
from tests.support.stored import BTC_1M, candles, done

SIZES = (1, 7, 90, 700, 4500)


def missing(books: KafkaBooks, start: Millis, end: Millis) -> list[Millis]:
    """Open times that the ledger says are not published."""
    runs = done(books.ledger.missing(BTC_1M, start, end))
    return [opened for first, last in runs for opened in range(first, last + 1, MINUTE)]


def batches(opens: Sequence[Millis], chance: random.Random) -> Iterator[Sequence[Millis]]:
    at = 0
    while at < len(opens):
        size = chance.choice(SIZES)
        yield opens[at : at + size]
        at += size


def publish_rest(books: KafkaBooks, stream: str, start: Millis, end: Millis, chance: random.Random) -> None:
    """Publish what is missing, in order; a checkpoint says how far that has come."""
    newest = None
    for opens in batches(missing(books, start, end), chance):
        entry = checkpoint(BTC_1M, start, opens[-1] + MINUTE, topic_offset=newest, published=len(opens))
        (newest,) = done(books.journal.publish(new_records(stream, candles(BTC_1M, opens)), [entry])).values()


def main() -> None:
    bootstrap, stream, *numbers = sys.argv[1:]
    start, end, seed = map(int, numbers)
    books = kafka_books(stream, KafkaEdge(KafkaSettings(bootstrap)), lambda: (BTC_1M,))
    done(books.journal.take_over())
    done(books.ledger.gaps())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    publish_rest(books, stream, start, end, random.Random(seed))


if __name__ == "__main__":
    main()
