"""Which data directory a verb that reads stored data means."""

from pathlib import Path

from cryptostream.core.result import Err, Ok, Result
from cryptostream.store.directory import DATABASE, data_directory

DEFAULT = Path(".cryptostream")


def find_data(data: Path | None, stream: str | None) -> Result[Path, str]:
    """The one data directory at or below `data` (`./.cryptostream` unless given), of `stream` if that is known."""
    base = DEFAULT if data is None else data
    if (base / DATABASE).is_file():
        return Ok(base)
    if stream is None:
        found = sorted(file.parent for file in base.glob(f"*/{DATABASE}"))
    else:
        named = (data_directory(base, stream, simulated=simulated) for simulated in (False, True))
        found = [directory for directory in named if (directory / DATABASE).is_file()]
    if len(found) == 1:
        return Ok(found[0])
    if found:
        return Err(f"{base} holds {', '.join(each.name for each in found)}: name one of them with --data")
    what = "no stored stream" if stream is None else f"nothing stored of {stream}"
    return Err(f"{base} holds {what}: run it first, or name its data directory with --data")
