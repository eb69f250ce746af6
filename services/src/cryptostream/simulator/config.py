"""Settings of a simulator, all with the exchange's own values as defaults."""

from typing import NamedTuple

import msgspec

from cryptostream.simulator.faults import Faults
from cryptostream.simulator.limits import Limits
from cryptostream.simulator.listing import LISTINGS, Listing


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`port` 0 means a free one. Ping and pong concern the link and run on the wall's clock; all else, the life
    of a socket too, runs on the simulator's.
    """

    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    listings: tuple[Listing, ...] = LISTINGS
    limits: Limits = Limits()
    faults: Faults = Faults()
    ping_seconds: float = 20.0
    pong_seconds: float = 60.0
    socket_hours: float = 24.0
    messages_per_second: int = 5
    streams_per_socket: int = 1024
    backlog_bytes: int = 16 * 2**20


class Addresses(NamedTuple):
    """Where a running simulator is found, in the form of Binance's base addresses."""

    rest: str
    """`http://host:port`; the calls are under `/api/v3`."""
    stream: str
    """`ws://host:port`; the streams are under `/ws` and `/stream`."""
    archive: str
    """`http://host:port`; the files are under `/data/spot`."""
