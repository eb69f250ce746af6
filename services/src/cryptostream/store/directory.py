"""Where the embedded run keeps the data of one stream."""

from pathlib import Path

DATABASE = "stream.duckdb"
"""The file inside a data directory."""


def data_directory(base: Path, stream: str, *, simulated: bool) -> Path:
    """The data directory of `stream` (`<ns>.<name>`) under `base`; made-up data has one of its own."""
    return base / (f"{stream}.simulated" if simulated else stream)
