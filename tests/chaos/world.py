"""A world for faults: real parts, the simulated exchange, one producer, two consumers, and links that can break.

Every service logs in by SCRAM over TLS with the rights of its role alone, and has links of its own. Whatever is started
ends with this process.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from tests.chaos import provision
from tests.chaos.exchange import SimulatedExchange
from tests.chaos.files import Credentials, Mounted, Places, spec_of
from tests.chaos.refusal import Refusal
from tests.chaos.services import Clock, Service, supervised
from tests.chaos.stream import BEGAN, resource
from tests.chaos.watch import Committed, Stored
from tests.judge.exchange import Exchange
from tests.judge.influx import Influx as Flux
from tests.judge.judge import Judge
from tests.judge.stream import Stream
from tests.support.parts.influx import ORG, Influx
from tests.support.parts.kafka import Kafka
from tests.support.parts.proxy import Proxy

CONSUMERS = ("consumer1", "consumer2")
GUEST = "consumer3"
"""The consumer that comes and goes."""
RIVAL = "rival"
"""A second producer with the same identity."""


class World:
    """All that takes part. `stream` says what is run, `speed` how fast the exchange's clock is."""

    def __init__(self, folder: Path, stream: Stream, *, speed: float, disk_megabytes: int | None = 512) -> None:
        self.stream = stream
        self.folder = folder
        self.logs = _made(folder / "logs")
        self._ending = ExitStack()
        links = ("producer", *CONSUMERS, GUEST)
        self.kafka = Kafka(_made(folder / "kafka"), links=dict.fromkeys(links, "SASL_SSL"))
        self.influx = Influx(_made(folder / "influx"), disk_megabytes=disk_megabytes)
        self.market = SimulatedExchange(self.logs, start=BEGAN, speed=speed)
        for server in (self.kafka, self.influx, self.market):
            self._ending.enter_context(server).start()
        self.clock = Clock(time.time_ns(), self.market.now(), speed)
        self.refusal = self._ending.enter_context(Refusal())
        self._to_market = self._ending.enter_context(Proxy(self.market.port))
        address = self._to_market.address
        self.spec, self.plan = spec_of(resource(stream, f"http://{address}", f"ws://{address}"), BEGAN)
        self.witness: Callable[[int], None] = lambda _: None
        """Whoever has to see the truth of candles since then, before and after it is changed."""
        self.changed_at: int | None = None
        """When the exchange changed something (ms) that only an audit of the time before finds."""
        self._provide()

    def _provide(self) -> None:
        provision.make_topics(self.kafka, self.plan)
        provision.make_buckets(self.influx, self.plan)
        credentials = provision.make_user(self.kafka, self.plan, "producer")
        self.producer = self._producer("producer", credentials)
        self.rival = self._producer(RIVAL, credentials)
        token = provision.make_token(self.influx, self.plan)
        credentials = replace(provision.make_user(self.kafka, self.plan, "consumer"), token=token)
        self.consumers = tuple(self._consumer(name, credentials) for name in CONSUMERS)
        self.guest = self._consumer(GUEST, credentials)
        self.token = token

    def audit_after(self, time: int) -> None:
        """What happened up to `time` (ms) has to be audited before all is settled."""
        self.changed_at = time

    @property
    def services(self) -> tuple[Service, ...]:
        """Those that are there all the time."""
        return (self.producer, *self.consumers)

    @property
    def everyone(self) -> tuple[Service, ...]:
        return (*self.services, self.guest, self.rival)

    def start(self) -> Self:
        for each in self.services:
            each.process.start()
        return self

    def judge(self) -> Judge:
        """A judge of this world, by ways of its own that no fault is on."""
        flux = Flux(self.influx.url, ORG, self.influx.token)
        settings: dict[str, str | int] = {"bootstrap.servers": self.kafka.bootstrap, "log_level": 0}
        return Judge(self.stream, settings, flux, Exchange(self.market.url))

    @cached_property
    def committed(self) -> Committed:
        """What the consumers have committed."""
        found = Committed(self.kafka.bootstrap, self.stream)
        self._ending.callback(found.close)
        return found

    def stored(self) -> Stored:
        """What is in the store."""
        return Stored(self.influx.url, ORG, self.influx.token, self.stream)

    def producer_starts(self) -> list[int]:
        """When processes were started that may have owned the producer's part (ms), ascending."""
        return sorted([*self.producer.process.starts, *self.rival.process.starts])

    def rotate_password(self, services: tuple[Service, ...]) -> None:
        """A new password for the user of `services`: first the broker knows it, then they."""
        password = secrets.token_urlsafe(24)
        self.kafka.admin.add_user(services[0].mounted.user, password)
        for each in services:
            each.mounted.set_password(password)

    def rotate_token(self) -> str:
        """A new token for the consumers; returns the old one, which is still good."""
        old, self.token = self.token, provision.make_token(self.influx, self.plan)
        for each in (*self.consumers, self.guest):
            each.mounted.set_token(self.token)
        return old

    def mend(self) -> None:
        """No fault is left, and whatever is there all the time runs."""
        for link in {each.beyond for each in self.everyone} | {each.kafka for each in self.everyone}:
            link.heal()
        for service in (self.guest, self.rival):
            service.process.hold()
        for server in (self.kafka, self.influx):
            server.mend()
        for service in self.services:
            service.process.server.resume()
            service.process.start()

    def close(self) -> None:
        self._ending.close()

    def _producer(self, name: str, credentials: Credentials) -> Service:
        places = Places(self.kafka.links["producer"].address, None, ORG, self.kafka.authority.cert)
        mounted = Mounted(self.folder / name, self.spec, places, credentials)
        process = self._ending.enter_context(supervised("producer", name, mounted, self.clock, self.logs))
        return Service(process, mounted, self.kafka.links["producer"], self._to_market)

    def _consumer(self, name: str, credentials: Credentials) -> Service:
        store = self._ending.enter_context(Proxy(self.influx.port))
        link = self.kafka.links[name]
        places = Places(link.address, f"http://{store.address}", ORG, self.kafka.authority.cert)
        mounted = Mounted(self.folder / name, self.spec, places, credentials)
        process = self._ending.enter_context(supervised("consumer", name, mounted, self.clock, self.logs))
        return Service(process, mounted, link, store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
