"""What `make` asks of parts: `python -m tests.support.parts VERB TIER …`.

- `tiers`: a line for each tier, whether it runs and with what, or what is missing. Builds nothing.
- `build`: what these tiers need, built if it is not there yet. Of two at once, one builds and the other waits. As root
  it installs the Debian packages that are missing.
- `need`: the same before a tier runs. Exit code 0: go on. 3: leave the tier out, and why. 1: that is a failure, because
  CRYPTOSTREAM_REQUIRE_ALL=1 says so.
- `packages`: Debian packages that are missing, for `apt-get install`.
"""

import os
import sys
from collections.abc import Sequence
from functools import partial

from tests.support.parts.cache import Part, Tool, UnavailableError, ensure, is_built, missing
from tests.support.parts.catalogue import PARTS
from tests.support.parts.packages import install, installable

LEFT_OUT = 3
say = partial(print, flush=True)


def parts_of(tiers: Sequence[str]) -> list[Part]:
    """The parts of `tiers`, each once, in the order of the catalogue."""
    return list(dict.fromkeys(part for tier in tiers for part in PARTS.get(tier, ())))


def lacking(parts: Sequence[Part]) -> list[Tool]:
    return list(dict.fromkeys(tool for part in parts for tool in missing(part)))


def outlook(tier: str) -> str:
    """Whether a tier runs."""
    parts = parts_of([tier])
    coming = installable(lacking(parts))
    if tools := [tool for tool in lacking(parts) if tool.package not in coming]:
        return "does not run: " + "; ".join(f"`{tool.program}` is missing: {tool.remedy}" for tool in tools)
    told = [f"{package} (installed now)" for package in coming]
    told += [f"{part}" if is_built(part) else f"{part} (built now, once: minutes)" for part in parts]
    return "runs with " + ", ".join(told) if told else "runs"


def build(tiers: Sequence[str]) -> int:
    """Exit code 0 if all is there; else why not is said."""
    failed = 0
    if packages := installable(lacking(parts_of(tiers))):
        say(f"to be installed: {', '.join(packages)}")
        try:
            install(packages)
        except UnavailableError as why:
            say(why)  # each part says what it lacks
    for part in parts_of(tiers):
        if not is_built(part):
            say(f"{part}: to be built, once (minutes)")
        try:
            ensure(part)
        except UnavailableError as why:
            say(why)
            failed = 1
    return failed


def need(tiers: Sequence[str]) -> int:
    if build(tiers) == 0:
        return 0
    required = os.environ.get("CRYPTOSTREAM_REQUIRE_ALL") == "1"
    say(f"test tier {', '.join(tiers)}: {'failed' if required else 'left out'}, see above")
    return 1 if required else LEFT_OUT


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tiers", *tiers]:
            for tier in tiers:
                say(f"{tier}: {outlook(tier)}")
        case ["build", *tiers]:
            sys.exit(build(tiers or [*PARTS]))
        case ["need", *tiers]:
            sys.exit(need(tiers))
        case ["packages", *tiers]:
            say(*(tool.package for tool in lacking(parts_of(tiers or [*PARTS])) if tool.package))
        case _:
            sys.exit(__doc__)
