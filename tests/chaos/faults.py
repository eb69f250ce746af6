"""The faults of processes, servers and links, as values: what can be drawn, and what it does to a world.

A fault is a context manager: it strikes when it is entered, and is over when it is left. Those of the exchange are in
`market`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

from tests.chaos import market
from tests.chaos.draw import Kind
from tests.chaos.recovery import Way
from tests.chaos.services import Service
from tests.chaos.world import World
from tests.support.parts.proxy import Proxy

Strike = Callable[[World, float], AbstractContextManager[None]]
"""Given the world and a number in [0, 1) that decides what is left open."""

PUBLISH: Final[frozenset[Way]] = frozenset({"publish"})
STORE: Final[frozenset[Way]] = frozenset({"store"})
BOTH: Final = PUBLISH | STORE
NEITHER: Final[frozenset[Way]] = frozenset()
MOMENT = (0.0, 0.0)
SHORT, LONG = (3.0, 8.0), (8.0, 15.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind, what it does, and which ways it blocks."""

    kind: Kind
    strike: Strike
    blocks: frozenset[Way]


# ---------------------------------------------------------------- processes


@contextmanager
def producer_killed(world: World, _: float) -> Iterator[None]:
    world.producer.process.kill()
    yield


@contextmanager
def consumer_killed(world: World, chance: float) -> Iterator[None]:
    _one(world, chance).process.kill()
    yield


@contextmanager
def producer_stopped(world: World, _: float) -> Iterator[None]:
    world.producer.process.server.pause()
    yield
    world.producer.process.server.resume()


@contextmanager
def consumer_stopped(world: World, chance: float) -> Iterator[None]:
    one = _one(world, chance)
    one.process.server.pause()
    yield
    one.process.server.resume()


@contextmanager
def second_producer(world: World, _: float) -> Iterator[None]:
    """One with the same identity, which takes over, and is taken over in its turn."""
    world.rival.process.start()
    yield
    world.rival.process.hold()


@contextmanager
def third_consumer(world: World, chance: float) -> Iterator[None]:
    """One that comes, and goes in peace or by `kill -9`."""
    world.guest.process.start()
    yield
    if chance < 0.5:
        world.guest.process.stop()
    else:
        world.guest.process.hold()


# ---------------------------------------------------------------- servers


@contextmanager
def broker_killed(world: World, _: float) -> Iterator[None]:
    world.kafka.kill()
    yield
    world.kafka.start()


@contextmanager
def store_killed(world: World, _: float) -> Iterator[None]:
    world.influx.kill()
    yield
    world.influx.start()


@contextmanager
def store_paused(world: World, _: float) -> Iterator[None]:
    world.influx.pause()
    yield
    world.influx.resume()


@contextmanager
def disk_full(world: World, _: float) -> Iterator[None]:
    """InfluxDB cannot write until there is space again and it is restarted."""
    assert world.influx.volume is not None
    world.influx.volume.fill()
    yield
    world.influx.volume.free()
    world.influx.restart()


def refused(status: int) -> Strike:
    """Something before InfluxDB answers everything with `status`."""

    @contextmanager
    def strike(world: World, _: float) -> Iterator[None]:
        world.refusal.status = status
        _lead(world, world.refusal.port)
        yield
        _lead(world, world.influx.port)

    return strike


def _lead(world: World, port: int) -> None:
    """Lead the consumers' links elsewhere; connections that are open end."""
    for each in (*world.consumers, world.guest):
        each.beyond.target = port
        each.beyond.cut()
        each.beyond.heal()


# ---------------------------------------------------------------- credentials


@contextmanager
def producer_password(world: World, _: float) -> Iterator[None]:
    world.rotate_password((world.producer, world.rival))
    yield


@contextmanager
def consumer_password(world: World, _: float) -> Iterator[None]:
    world.rotate_password((*world.consumers, world.guest))
    yield


@contextmanager
def token_rotated(world: World, _: float) -> Iterator[None]:
    """The old token is revoked a while after there is a new one."""
    old = world.rotate_token()
    yield
    world.influx.revoke_token(old)


# ---------------------------------------------------------------- links


def cut(links: Callable[[World, float], tuple[Proxy, ...]]) -> Strike:
    return _on(links, lambda link, _: link.cut())


def slow(links: Callable[[World, float], tuple[Proxy, ...]]) -> Strike:
    return _on(links, lambda link, _: link.slow(latency=0.15, bytes_per_second=200_000))


def half_open(links: Callable[[World, float], tuple[Proxy, ...]]) -> Strike:
    """Nothing arrives from one side, or from either, while connections stay."""

    def strike(link: Proxy, chance: float) -> None:
        if chance < 1 / 3:
            link.blackhole("to server")
        elif chance < 2 / 3:
            link.blackhole("to client")
        else:
            link.blackhole()

    return _on(links, strike)


def _on(links: Callable[[World, float], tuple[Proxy, ...]], break_: Callable[[Proxy, float], None]) -> Strike:
    @contextmanager
    def strike(world: World, chance: float) -> Iterator[None]:
        broken = links(world, chance)
        for link in broken:
            break_(link, chance)
        yield
        for link in broken:
            link.heal()

    return strike


def _one(world: World, chance: float) -> Service:
    return world.consumers[int(chance * 1000) % len(world.consumers)]


LINKS: Final[Mapping[str, tuple[Callable[[World, float], tuple[Proxy, ...]], frozenset[Way]]]] = {
    "producer to Kafka": (lambda world, _: (world.producer.kafka,), PUBLISH),
    "consumer to Kafka": (lambda world, chance: (_one(world, chance).kafka,), STORE),
    "consumer to InfluxDB": (lambda world, _: tuple(each.beyond for each in world.consumers), STORE),
    "producer to exchange": (lambda world, _: (world.producer.beyond,), PUBLISH),
}


def _link_faults() -> Iterator[Fault]:
    for name, (links, blocks) in LINKS.items():
        yield Fault(Kind(f"{name}: cut", name, SHORT), cut(links), blocks)
        yield Fault(Kind(f"{name}: slow", name, SHORT), slow(links), blocks)
        yield Fault(Kind(f"{name}: half-open", name, (5.0, 12.0)), half_open(links), blocks)


FAULTS: Final[tuple[Fault, ...]] = (
    Fault(Kind("producer killed", "producer", MOMENT), producer_killed, PUBLISH),
    Fault(Kind("producer stopped", "producer", LONG), producer_stopped, PUBLISH),
    Fault(Kind("second producer", "producer", SHORT), second_producer, PUBLISH),
    Fault(Kind("consumer killed", "consumer", MOMENT), consumer_killed, STORE),
    Fault(Kind("consumer stopped", "consumer", LONG), consumer_stopped, STORE),
    Fault(Kind("third consumer", "consumer", (4.0, 9.0)), third_consumer, STORE),
    Fault(Kind("broker killed", "broker", (1.0, 5.0)), broker_killed, BOTH),
    Fault(Kind("producer's password rotated", "broker", MOMENT), producer_password, NEITHER),
    Fault(Kind("consumers' password rotated", "broker", MOMENT), consumer_password, NEITHER),
    Fault(Kind("InfluxDB killed", "InfluxDB", SHORT), store_killed, STORE),
    Fault(Kind("InfluxDB paused", "InfluxDB", (4.0, 10.0)), store_paused, STORE),
    Fault(Kind("InfluxDB out of disk", "InfluxDB", SHORT), disk_full, STORE),
    Fault(Kind("InfluxDB's token rotated", "InfluxDB", (1.0, 3.0)), token_rotated, NEITHER),
    *(
        Fault(Kind(f"InfluxDB refuses with {status}", "consumer to InfluxDB", SHORT), refused(status), STORE)
        for status in (503, 429, 401)
    ),
    *_link_faults(),
    *(Fault(kind, strike, PUBLISH if blocks else NEITHER) for kind, strike, blocks in market.FAULTS),
)
BY_NAME: Final = {fault.kind.name: fault for fault in FAULTS}
