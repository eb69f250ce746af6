"""What a consumer has in hand: records polled and not committed yet, and what became of all it was given. Pure.

Records are dealt with in the order in which they were polled, and then wait for the commit. Conservation is checked by
place: what was read is dealt with, or waits to be.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from cryptostream.core.ports import DeadLetter, LogRecord, Place
from cryptostream.core.stream.consumer_fate import place_of
from cryptostream.core.stream.consumer_state import Fate


class Held(msgspec.Struct, frozen=True):
    """Records of a place that are dealt with and not committed: the last one, and how many there are."""

    last: LogRecord
    records: int


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """`queue` is not stored yet, `letters` are to be kept before the next commit.

    `read` and `fates` count since each place was gained.
    """

    queue: tuple[LogRecord, ...] = ()
    letters: tuple[DeadLetter, ...] = ()
    held: Mapping[Place, Held] = field(default_factory=dict)
    read: Mapping[Place, int] = field(default_factory=dict)
    fates: Mapping[Place, Fate] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many records are dealt with and not committed."""
        return sum(each.records for each in self.held.values())

    @property
    def last(self) -> tuple[LogRecord, ...]:
        """The last of them of each place."""
        return tuple(each.last for each in self.held.values())


def polled(hand: Hand, records: Sequence[LogRecord]) -> Hand:
    """`records` have been read."""
    read = Counter(hand.read) + Counter(map(place_of, records))
    return replace(hand, queue=(*hand.queue, *records), read=read)


def dealt(hand: Hand, records: Sequence[LogRecord], fates: Mapping[Place, Fate], letters: Iterable[DeadLetter]) -> Hand:
    """The store has what `records`, the first of the queue, have brought."""
    held = dict(hand.held)
    last = {place_of(record): record for record in records}
    for place, count in Counter(map(place_of, records)).items():
        held[place] = Held(last[place], count + (held[place].records if place in held else 0))
    total = {place: hand.fates.get(place, Fate()) + fate for place, fate in fates.items()}
    return replace(
        hand,
        queue=hand.queue[len(records) :],
        letters=(*hand.letters, *letters),
        held=held,
        fates={**hand.fates, **total},
    )


def committed(hand: Hand) -> Hand:
    """All that was dealt with is committed."""
    return replace(hand, held={})


def lettered(hand: Hand) -> Hand:
    """Its dead letters are kept."""
    return replace(hand, letters=())


def parted(hand: Hand, places: frozenset[Place]) -> Hand:
    """`places` were lost: what is in hand of them, others have read or will."""
    if not places:
        return hand
    return Hand(
        queue=tuple(record for record in hand.queue if place_of(record) not in places),
        letters=tuple(letter for letter in hand.letters if place_of(letter.record) not in places),
        held={place: held for place, held in hand.held.items() if place not in places},
        read={place: count for place, count in hand.read.items() if place not in places},
        fates={place: fate for place, fate in hand.fates.items() if place not in places},
    )


def unaccounted(hand: Hand) -> dict[Place, int]:
    """By place, how many records were read and have neither been dealt with nor wait for it; none, if all is well."""
    waiting = Counter(map(place_of, hand.queue))
    missing = {
        place: count - waiting[place] - hand.fates.get(place, Fate()).records for place, count in hand.read.items()
    }
    return {place: count for place, count in missing.items() if count}
