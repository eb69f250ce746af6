"""Which partitions a reader holds, from where to where, and what has changed hands. Values and pure functions.

A partition is revoked at each change of the group and, mostly, given back at once. While it is, it is in limbo: nobody
reads it, and it may not be committed. It is kept if the next generation of the same membership gives it back.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from cryptostream.core.ports import Place, Turnover
from cryptostream.log.kafka_session import follows


class Mark(msgspec.Struct, frozen=True):
    """What a group has committed of a partition.

    The next offset to deal with, the end of a range that expired until that is named, and the id of the topic that both
    are of; None if another program committed.
    """

    offset: int
    expired: int | None = None
    topic_id: str | None = None


class Bounds(msgspec.Struct, frozen=True):
    """Offset of the first record that is left, and the offset after the last one."""

    low: int
    end: int


class Hold(msgspec.Struct, frozen=True):
    """A partition that is ours: the offset after what was given to the caller, and what is committed."""

    given: int
    mark: Mark


class Holdings(msgspec.Struct, frozen=True):
    """All that a reader knows of its partitions.

    `session` is the membership that they are held by, None between two generations. `due` have been assigned and not
    begun, `stale` are ours, but their position is no longer in the log. `left` is the session before. `known` are all
    that this process ever held: a commit of theirs that has vanished was deleted together with its topic.
    """

    session: bytes | None = None
    held: Mapping[Place, Hold] = {}
    limbo: Mapping[Place, Hold] = {}
    due: frozenset[Place] = frozenset()
    stale: frozenset[Place] = frozenset()
    left: bytes = b""
    known: frozenset[Place] = frozenset()
    turnover: Turnover = Turnover()

    @property
    def unbegun(self) -> frozenset[Place]:
        """Partitions whose positions must be looked up before anything is read."""
        return self.due | self.stale

    @property
    def settled(self) -> bool:
        """Whether what is held may be read, and committed."""
        return self.session is not None and not self.unbegun


NOTHING: Final = Holdings()


# ---------------------------------------------------------------- the group says


def revoked(holdings: Holdings) -> Holdings:
    """All partitions are to be let go of, for a new generation."""
    return replace(
        holdings,
        session=None,
        held={},
        limbo={**holdings.limbo, **holdings.held},
        due=frozenset(),
        stale=frozenset(),
        left=holdings.session or holdings.left,
    )


def lost(holdings: Holdings) -> Holdings:
    """The membership has ended: others may have read, and stored, all that was held."""
    return _gone(
        replace(holdings, session=None, held={}, limbo={}, due=frozenset(), stale=frozenset()), _ours(holdings)
    )


def assigned(holdings: Holdings, places: Iterable[Place], session: bytes) -> Holdings:
    """A generation begins, with these partitions."""
    holdings = revoked(holdings)
    given = frozenset(places)
    kept = {at: hold for at, hold in holdings.limbo.items() if at in given} if follows(holdings.left, session) else {}
    gone = frozenset(holdings.limbo) - frozenset(kept)
    return _gone(replace(holdings, session=session, held=kept, limbo={}, due=given - frozenset(kept)), gone)


# ---------------------------------------------------------------- the log says


def begun(
    holdings: Holdings, marks: Mapping[Place, Mark | None], bounds: Mapping[Place, Bounds], ids: Mapping[str, str]
) -> tuple[Holdings, Mapping[Place, Mark]]:
    """What is `unbegun` gets its position; also returns what is to be committed of it at once.

    Expired is what may have held records that are gone: a position outside the log, a log that has lost its beginning
    before the group first read it, one that was made anew. What was given of a log that was made anew is lost, too.
    """
    holds = {
        place: _begin(holdings, place, marks.get(place), bounds[place], ids[place[0]]) for place in holdings.unbegun
    }
    first = {place: hold.mark for place, hold in holds.items() if hold.mark != marks.get(place)}
    anew = frozenset(place for place in holdings.stale if _is_anew(holdings.held[place], bounds[place], ids[place[0]]))
    told = _gone(holdings, anew).turnover
    expired = {place: hold.mark.expired for place, hold in holds.items() if hold.mark.expired is not None}
    turnover = Turnover(told.lost, told.gained | holdings.due | anew, {**told.expired, **expired})
    ours = {**holdings.held, **holds}
    known = holdings.known | holds.keys()
    return replace(holdings, held=ours, due=frozenset(), stale=frozenset(), known=known, turnover=turnover), first


def unreadable(holdings: Holdings, places: Iterable[Place]) -> Holdings:
    """The log has no longer what comes next of these partitions."""
    return replace(holdings, stale=holdings.stale | (frozenset(places) & frozenset(holdings.held)))


def made_anew(holdings: Holdings, ids: Mapping[str, str]) -> Holdings:
    """Topics have these ids now: what is held of others that bore the name is no longer in the log."""
    others = [
        place for place, hold in holdings.held.items() if hold.mark.topic_id != ids.get(place[0], hold.mark.topic_id)
    ]
    return unreadable(holdings, others) if others else holdings


# ---------------------------------------------------------------- the caller says


def given(holdings: Holdings, ends: Mapping[Place, int]) -> Holdings:
    """Records before these offsets were given to the caller."""
    ahead = {place: replace(holdings.held[place], given=end) for place, end in ends.items()}
    return replace(holdings, held={**holdings.held, **ahead})


def committed(holdings: Holdings, marks: Mapping[Place, Mark]) -> Holdings:
    """The broker has taken these marks."""
    ours = {place: replace(holdings.held[place], mark=mark) for place, mark in marks.items()}
    return replace(holdings, held={**holdings.held, **ours})


def told(holdings: Holdings) -> Holdings:
    """The caller has been told what changed hands."""
    return replace(holdings, turnover=Turnover())


# ---------------------------------------------------------------- inside


def _ours(holdings: Holdings) -> frozenset[Place]:
    return frozenset(holdings.held) | frozenset(holdings.limbo)


def _gone(holdings: Holdings, places: frozenset[Place]) -> Holdings:
    before = holdings.turnover
    expired = {place: end for place, end in before.expired.items() if place not in places}
    return replace(holdings, turnover=Turnover(before.lost | places, before.gained - places, expired))


def _begin(holdings: Holdings, place: Place, mark: Mark | None, bounds: Bounds, topic_id: str) -> Hold:
    """Where to go on, `mark` being where the group was; at the first record that is left if that is no longer there."""
    first = Mark(bounds.low, bounds.end, topic_id)
    if place in holdings.stale:
        return Hold(first.offset, first)
    if mark is None:
        complete = bounds.low == 0 and place not in holdings.known
        mark = replace(first, expired=None)
    else:
        complete = bounds.low <= mark.offset <= bounds.end and mark.topic_id in {None, topic_id}
        mark = replace(mark, topic_id=topic_id)
    begun = mark if complete else first
    return Hold(begun.offset, begun)


def _is_anew(hold: Hold, bounds: Bounds, topic_id: str) -> bool:
    return bounds.end < hold.given or hold.mark.topic_id != topic_id
