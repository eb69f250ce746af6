"""The data plane as processes: exchange, Kafka and InfluxDB at hand, everything prepared as an operator would.

    with ServiceWorld(folder, kafka, influx, exchange) as world:
        producer, consumer = world.start_producer(), world.start_consumer()

Configuration, access lists and buckets follow from the plan; credentials are mounted files of mode 0600.
"""

import secrets
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from confluent_kafka.admin import AclOperation, ResourceType
from msgspec.structs import replace

from cryptostream.core.codec.service import KafkaAccess, Listen, LogLevel, Security, StoreAccess, encode
from cryptostream.core.market.series import Series
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.plan import Role, plan
from cryptostream.core.resource.rights import Operation, kafka_rights, store_rights
from cryptostream.core.resource.service_config import assignment, service_config
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.resource.store_spec import Bucket, Buckets, Managed, StoreSpec
from cryptostream.core.result import Ok
from cryptostream.producer.job import series_of
from tests.support.mounted import Mount
from tests.support.parts.influx import ORG, Influx
from tests.support.parts.kafka import Kafka
from tests.support.service_process import ServiceProcess

KINDS: Mapping[str, ResourceType] = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS: Mapping[Operation, AclOperation] = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
}
ROLES: tuple[Role, Role] = ("producer", "consumer")


def started(*services: ServiceProcess) -> tuple[ServiceProcess, ...]:
    """All of them, once the last one answers."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(ServiceProcess.start, services))


@dataclass(frozen=True)
class Exchange:
    """Base addresses of the simulator."""

    rest: str
    stream: str


class ServiceWorld:
    """A stream of its own on shared servers. `fields` are those of the resource's spec."""

    def __init__(
        self,
        folder: Path,
        kafka: Kafka,
        influx: Influx,
        exchange: Exchange,
        security: Security = "ScramSha512",
        *,
        bootstrap: str | None = None,
        authority_of_store: Path | None = None,
        log_level: LogLevel = "info",
        **fields: Any,
    ) -> None:
        self.folder, self.kafka, self.influx = folder, kafka, influx
        self.security = security
        self.secrets: list[str] = []
        """Every secret that was ever given to a process of this world."""
        self.processes: list[ServiceProcess] = []
        self._id = secrets.token_hex(4)
        self._bootstrap = bootstrap or self._listener()
        self._authority_of_store = authority_of_store
        self._log_level = log_level
        self._exchange = exchange
        self._fields = {"coins": ["BTC", "ETH"], "intervals": ["1s", "1m"]} | fields
        self._generation = 1
        self.spec = self._parsed(self._fields)
        names = Buckets(Bucket(f"raw_{self._id}"), Bucket(f"enriched_{self._id}"))
        self.plan = plan(self.spec, StoreSpec(name="default", namespace="tests", instance=Managed(), buckets=names))
        self.assigned = Mount(folder / "assignment")
        self.mounts = {role: Mount(folder / "secrets" / role) for role in ROLES}

    # ------------------------------------------------------------ before anything is started

    def prepare(self) -> Self:
        """Topics, users, access lists, buckets, token, and the files."""
        self._make_topics()
        for role in ROLES:
            self._let_in(role)
        for bucket in (self.plan.raw.bucket, self.plan.enriched.bucket):
            self.influx.create_bucket(bucket)
        self.rotate_token(revoke=False)
        self.assign()
        return self

    def _make_topics(self) -> None:
        for topic in self.plan.topics:
            config = {"cleanup.policy": "compact"} if topic.compacted else {}
            self.kafka.admin.create_topics(topic.name, partitions=topic.partitions, config=config)

    def _let_in(self, role: Role) -> None:
        mount, name = self.mounts[role], self.user(role)
        if self.security != "None":
            mount.put(**{"ca.crt": self.kafka.authority.cert.read_bytes()})
        if self.security == "ScramSha512":
            self.rotate_password(role)
        elif self.security == "Tls":
            self.renew_certificate(role)
        self.grant(f"User:{'CN=' * (self.security == 'Tls')}{name}", role)

    def grant(self, principal: str, role: Role) -> None:
        """The access list of a role, as the plan has it."""
        for right in kafka_rights(self.plan, role):
            operations = (OPERATIONS[each] for each in right.operations)
            self.kafka.admin.allow(principal, KINDS[right.kind], right.name, *operations)

    def user(self, role: Role) -> str:
        return f"cs-{self._id}-{role}"

    # ------------------------------------------------------------ what an operator does meanwhile

    def assign(self, coins: Iterable[str] | None = None, *, banned_until: int | None = None) -> int:
        """Write the assignment, with other coins if they are given; returns its generation."""
        if coins is not None:
            self._fields = {**self._fields, "coins": list(coins)}
            self.spec = self._parsed(self._fields)
            self._generation += 1
        written = encode(assignment(self.spec, self._generation, banned_until))
        self.assigned.put(**{"assignment.json": written})
        return self._generation

    def rotate_password(self, role: Role) -> None:
        """Another password, in Kafka first, then in the mounted file."""
        password = self._secret()
        self.kafka.admin.add_user(self.user(role), password)
        self.mounts[role].put(username=self.user(role).encode(), password=password.encode())

    def renew_certificate(self, role: Role) -> None:
        """Another client certificate in the mounted files."""
        leaf = self.kafka.authority.leaf(self.user(role))
        key = leaf.key.read_bytes()
        self.secrets += [line for line in key.decode().splitlines() if not line.startswith("-")]
        self.mounts[role].put(**{"user.crt": leaf.cert.read_bytes(), "user.key": key})

    def rotate_token(self, *, revoke: bool = True) -> None:
        """Another token for the buckets, in the mounted file; then the former one is taken back."""
        rights = store_rights(self.plan)
        former = self.mounts["consumer"].content.get("token", b"").decode()
        token = self.influx.create_token(
            read=[each.bucket for each in rights if each.read], write=[each.bucket for each in rights if each.write]
        )
        self.secrets.append(token)
        self.mounts["consumer"].put(token=token.encode())
        if revoke and former:
            self.influx.revoke_token(former)

    def _secret(self) -> str:
        self.secrets.append(made := secrets.token_urlsafe(24))
        return made

    # ------------------------------------------------------------ what there is

    @property
    def series(self) -> tuple[Series, ...]:
        """Those of the present assignment."""
        return series_of(self.spec)

    def stored_series(self) -> set[Series]:
        """Those that have a candle in the raw bucket."""
        tags = self.influx.flux(
            f'from(bucket: "{self.plan.raw.bucket}") |> range(start: 0) |> filter(fn: (r) => r._field == "close") '
            '|> last() |> keep(columns: ["symbol", "interval"])'
        )
        return {Series(str(row["symbol"]), str(row["interval"])) for row in tags}

    # ------------------------------------------------------------ processes

    def running(self, role: Role, name: str) -> ServiceProcess:
        """The process of that name, started if it does not run."""
        found = next((each for each in self.processes if each.name == name), None) or self.service(role, name)
        return found if found.alive else found.start()

    def start_producer(
        self, name: str = "producer", *, bootstrap: str | None = None, store_url: str | None = None
    ) -> ServiceProcess:
        return self.service("producer", name, bootstrap=bootstrap, store_url=store_url).start()

    def start_consumer(
        self, name: str = "consumer", *, bootstrap: str | None = None, store_url: str | None = None
    ) -> ServiceProcess:
        return self.service("consumer", name, bootstrap=bootstrap, store_url=store_url).start()

    def start_both(self) -> tuple[ServiceProcess, ...]:
        """A producer and a consumer, at once."""
        return started(self.service("producer", "producer"), self.service("consumer", "consumer"))

    def service(
        self,
        role: Role,
        name: str,
        *,
        bootstrap: str | None = None,
        store_url: str | None = None,
        credentials_of: Role | None = None,
    ) -> ServiceProcess:
        """A process that is not started yet; it may reach Kafka and InfluxDB by a link of its own."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        store = None if role == "producer" else self._store_access(store_url or self.influx.url)
        config = service_config(
            self.spec,
            self.plan,
            kafka=self._kafka_access(credentials_of or role, bootstrap or self._bootstrap),
            store=store,
            assignment_file=str(self.assigned.path("assignment.json")),
            http=Listen(host="127.0.0.1", port=0),
            simulated=True,
        )
        config = replace(config, work_dir=str(folder), log_level=self._log_level)
        (folder / "config.json").write_bytes(encode(config))
        command: tuple[str | Path, ...] = (
            sys.executable,
            "-m",
            "cryptostream",
            role,
            "--config",
            folder / "config.json",
        )
        process = ServiceProcess(name, folder, command)
        self.processes.append(process)
        return process

    def _kafka_access(self, role: Role, bootstrap: str) -> KafkaAccess:
        mount = self.mounts[role]
        files: dict[Security, dict[str, str]] = {
            "ScramSha512": {"username_file": "username", "password_file": "password", "ca_file": "ca.crt"},
            "Tls": {"cert_file": "user.crt", "key_file": "user.key", "ca_file": "ca.crt"},
            "None": {},
        }
        named = {field: str(mount.path(file)) for field, file in files[self.security].items()}
        return KafkaAccess(bootstrap=bootstrap, security=self.security, **named)

    def _store_access(self, url: str) -> StoreAccess:
        ca = None if self._authority_of_store is None else str(self._authority_of_store)
        return StoreAccess(url=url, org=ORG, token_file=str(self.mounts["consumer"].path("token")), ca_file=ca)

    def _listener(self) -> str:
        by_security: dict[Literal["ScramSha512", "Tls", "None"], str] = {
            "ScramSha512": self.kafka.scram_bootstrap,
            "Tls": self.kafka.tls_bootstrap,
            "None": self.kafka.bootstrap,
        }
        return by_security[self.security]

    def _parsed(self, fields: Mapping[str, Any]) -> StreamSpec:
        endpoints = {"rest": [self._exchange.rest], "stream": [self._exchange.stream]}
        parsed = parse_stream(
            {
                "apiVersion": "cryptostream.io/v1alpha1",
                "kind": "CryptoStream",
                "metadata": {"name": f"world-{self._id}", "namespace": "tests"},
                "spec": {**fields, "source": {"endpoints": endpoints, **fields.get("source", {})}},
            }
        )
        assert isinstance(parsed, Ok), parsed
        return parsed.value

    def __enter__(self) -> Self:
        return self.prepare()

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
