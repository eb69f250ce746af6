"""A process that reads Kafka as a consumer does, to be killed or held up: `… BOOTSTRAP GROUP BARRIER TOPIC…`.

Each thing it does is a line of JSON on standard output. Once the file BARRIER.wait exists it stops between polling and
writing, until BARRIER.go exists.
"""

import json
import sys
import time
from functools import partial
from pathlib import Path

from cryptostream.core.ports import LogRecord
from cryptostream.core.result import Err, Ok
from cryptostream.log.kafka_reader import KafkaReader
from cryptostream.log.kafka_settings import KafkaSettings
from tests.support.readers import open_reader

write = partial(print, flush=True)


def say(what: str, **fields: object) -> None:
    write(json.dumps({"what": what, "at": time.time(), **fields}))


def turn(reader: KafkaReader, wait: Path, go: Path) -> None:
    polled = reader.poll(100, 0.05)
    changed = reader.turnover()
    for place in sorted(changed.gained):
        say("gained", place=place)
    for place in sorted(changed.lost):
        say("lost", place=place)
    if isinstance(polled, Ok) and polled.value:
        say("polled", offsets=[record.offset for record in polled.value])
        while wait.exists() and not go.exists():
            time.sleep(0.01)
        deal(reader, polled.value)


def deal(reader: KafkaReader, records: tuple[LogRecord, ...]) -> None:
    owned = reader.owned()
    if isinstance(owned, Err):
        say("refused", lost=owned.error.lost, detail=owned.error.detail)
    else:
        say("written", offsets=[record.offset for record in records])
    committed = reader.commit(records)
    say("committed" if isinstance(committed, Ok) else "not committed", error=str(committed))


if __name__ == "__main__":
    bootstrap, group, barrier, *topics = sys.argv[1:]
    reader = open_reader(KafkaSettings(bootstrap), group, topics)
    while True:
        turn(reader, Path(f"{barrier}.wait"), Path(f"{barrier}.go"))
