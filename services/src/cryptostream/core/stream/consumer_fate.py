"""What becomes of each record that was read, by the place it was read from. Pure.

Conservation: what was read from a partition is stored, a duplicate, a dead letter, or an entry of the ledger.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from cryptostream.core.market.series import Series
from cryptostream.core.ports import LogRecord, Place
from cryptostream.core.stream.consumer_accept import Accepted
from cryptostream.core.stream.consumer_state import Arrival, Arrivals, Fate

place_of: Final = attrgetter("topic", "partition")
"""The place of a record of the log."""


def fates(arrivals: Arrivals, accepted: Mapping[Series, Accepted]) -> dict[Place, Fate]:
    """The fates of a batch, of which `accepted` was judged series by series."""
    counted: dict[Place, Fate] = {}
    for series, taken in accepted.items():
        _add(counted, _of_series(arrivals.by_series[series], taken))
    refused = _places(letter.record for letter in arrivals.refused)
    _add(counted, {place: Fate(dead_lettered=count) for place, count in refused.items()})
    _add(counted, {place: Fate(ledger=count) for place, count in _places(arrivals.entries).items()})
    return counted


def _of_series(items: Sequence[Arrival], taken: Accepted) -> dict[Place, Fate]:
    """A series comes by one place, unless somebody has published it elsewhere too."""
    read = _places(item.log for item in items)
    if len(read) == 1:
        return {place: Fate(taken.counts.stored, taken.counts.duplicates, taken.counts.dead_lettered) for place in read}
    repeated, dead = _places(taken.duplicates), _places(letter.record for letter in taken.letters)
    return {at: Fate(count - repeated[at] - dead[at], repeated[at], dead[at]) for at, count in read.items()}


def _places(records: Iterable[LogRecord]) -> Counter[Place]:
    return Counter(map(place_of, records))


def _add(counted: dict[Place, Fate], more: Mapping[Place, Fate]) -> None:
    for place, fate in more.items():
        counted[place] = counted.get(place, Fate()) + fate
