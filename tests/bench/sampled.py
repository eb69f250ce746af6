"""Runs a service and looks a hundred times a second at what its threads do: `python -m tests.bench.sampled OUT …`.

OUT gets, by thread, how often each function was met: the innermost one of the project, and what that had called.
"""

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from cryptostream.cli import main

EVERY = 0.01


def place(frame: FrameType | None) -> str:
    """The innermost function of the project, and the innermost of all if that is another."""
    innermost = _name(frame)
    while frame is not None and "cryptostream" not in frame.f_code.co_filename:
        frame = frame.f_back
    own = _name(frame)
    return own if own == innermost else f"{own} -> {innermost}"


def _name(frame: FrameType | None) -> str:
    if frame is None:
        return "?"
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}"


def sample(out: Path) -> None:
    met: dict[str, Counter[str]] = {}
    me, written = threading.get_ident(), time.monotonic()
    while True:
        time.sleep(EVERY)
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident != me:
                met.setdefault(names.get(ident, "?"), Counter())[place(frame)] += 1
        if time.monotonic() - written > 1:
            out.write_text(json.dumps({name: counts.most_common(25) for name, counts in met.items()}))
            written = time.monotonic()


if __name__ == "__main__":
    threading.Thread(target=sample, args=(Path(sys.argv[1]),), name="sampler", daemon=True).start()
    sys.argv = ["cryptostream", *sys.argv[2:]]
    main()
