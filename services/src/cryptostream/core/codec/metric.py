"""What a metric is called and what it means, so that the process that exports it and its documentation agree. Pure."""

from typing import Final, Literal

import msgspec

_UNITS: Final = ("seconds", "bytes", "ratio", "candles", "records", "points")
PREFIX: Final = "cryptostream"


class Described(msgspec.Struct, frozen=True):
    """One metric. Counters are exposed as `<prefix>_<name>_total`, the others as `<prefix>_<name>`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    prefix: str = PREFIX

    @property
    def exposed(self) -> str:
        """The name as Prometheus stores it."""
        return f"{self.prefix}_{self.name}{'_total' if self.kind == 'counter' else ''}"

    @property
    def unit(self) -> str:
        """The unit that its name tells; others count things or are a number without one."""
        return next((unit for unit in _UNITS if unit in self.name.split("_")), "1")
