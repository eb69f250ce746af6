"""Where the recorded data lies. It is not part of the project: tests that use it are skipped without it."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""


def shared_data_dir() -> Path | None:
    """The recorded data: `CRYPTOSTREAM_SHARED_DATA`, or `../shared/data` beside the checkout; None if absent."""
    told = os.environ.get("CRYPTOSTREAM_SHARED_DATA")
    folder = Path(told) if told else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None
