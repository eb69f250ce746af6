"""Draws which faults strike when, from a seed. Pure.

The kinds are dealt like cards, so that each comes about as often as the others. A round has at least three; two of one
`target` never strike in the same round.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 3
ROUNDS_OF_ONE = 12
"""Rounds for which each kind is dealt once."""
WITHIN = 2.5
"""Seconds in which all faults of a round begin, so that they overlap."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be drawn: lasts between `seconds`, and strikes `target`, of which only one fault at a time is meant."""

    name: str
    target: str
    seconds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that begins `at` seconds into a round and lasts for `seconds`; `chance` decides what is left open."""

    kind: Kind
    at: float
    seconds: float
    chance: float


def draw(kinds: Sequence[Kind], rounds: int, seed: int) -> list[tuple[Strike, ...]]:
    """The faults of each of `rounds`; of sixty rounds each kind strikes in five at least."""
    chance = random.Random(seed)
    hands: list[list[Kind]] = [[] for _ in range(rounds)]
    for _ in range(rounds // ROUNDS_OF_ONE):
        for kind in chance.sample(kinds, len(kinds)):
            free = [hand for hand in hands if _is_free(hand, kind)]
            min(free, key=lambda hand: (len(hand), chance.random())).append(kind)
    dealt = Counter(kind for hand in hands for kind in hand)
    for hand in hands:
        while len(hand) < LEAST:
            free_kinds = [kind for kind in kinds if _is_free(hand, kind)]
            rarest = min(free_kinds, key=lambda kind: (dealt[kind], chance.random()))
            hand.append(rarest)
            dealt[rarest] += 1
    return [tuple(_strike(kind, chance) for kind in hand) for hand in hands]


def _is_free(hand: Sequence[Kind], kind: Kind) -> bool:
    return all(other.target != kind.target for other in hand)


def _strike(kind: Kind, chance: random.Random) -> Strike:
    return Strike(kind, chance.uniform(0, WITHIN), chance.uniform(*kind.seconds), chance.random())
