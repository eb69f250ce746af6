"""`python -m tests.support.parts build [TIER …]`: what these tiers need, or all tiers, built if it is not there yet.

Exit code 0: all is there. 1: something is not, and why. `make test` starts this beside the first tier, and again,
which then waits for the first, before a tier that needs parts.
"""

import sys
from functools import partial

from tests.support.parts.cache import Part, UnavailableError, ensure, is_built
from tests.support.parts.catalogue import PARTS

say = partial(print, flush=True)


def needed(tiers: list[str]) -> list[Part]:
    """The parts of `tiers`, each once, in the order of the catalogue."""
    return list(dict.fromkeys(part for tier in tiers or PARTS for part in PARTS.get(tier, ())))


def build(tiers: list[str]) -> int:
    failed = 0
    for part in needed(tiers):
        if not is_built(part):
            say(f"{part}: building it, once (minutes), or waiting for who does", flush=True)
        try:
            say(f"{part}: {ensure(part)}", flush=True)
        except UnavailableError as why:
            say(why, flush=True)
            failed = 1
    return failed


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", *tiers]:
            sys.exit(build(tiers))
        case _:
            sys.exit("usage: python -m tests.support.parts build [TIER …]")
