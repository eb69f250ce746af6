"""Dead letters in a topic of Kafka. Implements `DeadLetters`.

A letter is kept before the record is committed, so a crash between the two keeps it once more. Who reads the topic
counts letters of one record as one (`letter_book`).
"""

from collections.abc import Sequence

from confluent_kafka import KafkaError

from cryptostream.core.codec.dead_letter import headers, without_bytes
from cryptostream.core.ports import DeadLetter, LogError, NewRecord
from cryptostream.core.result import Err, Ok, Result
from cryptostream.log.kafka_writer import KafkaWriter, refusal


class KafkaDeadLetters:
    """The dead-letter topic of a stream."""

    def __init__(self, writer: KafkaWriter, topic: str) -> None:
        self._writer = writer
        self._topic = topic

    def put(self, letters: Sequence[DeadLetter]) -> Result[None, LogError]:
        """Keep `letters`, with the refused bytes; or without them where the topic says that they are too large.

        Every error may pass. Blocks for some seconds at most.
        """
        sent = self._writer.send([self._whole(letter) for letter in letters])
        if isinstance(sent, Err):
            return sent
        large = [letter for letter, error in zip(letters, sent.value, strict=True) if _is_too_large(error)]
        wrong = next((error for error in sent.value if error is not None and not _is_too_large(error)), None)
        if wrong is not None:
            return Err(refusal(wrong))
        return self._writer.publish([self._bare(letter) for letter in large]) if large else Ok(None)

    def _whole(self, letter: DeadLetter) -> NewRecord:
        return NewRecord(self._topic, letter.record.key, letter.record.value, headers(letter))

    def _bare(self, letter: DeadLetter) -> NewRecord:
        kept = without_bytes(letter)
        return NewRecord(self._topic, kept.key, kept.value, tuple(kept.headers))


def _is_too_large(error: KafkaError | None) -> bool:
    return error is not None and error.code() in {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}
