"""A Kafka broker: KRaft, one node, on loopback, in a folder of its own; access lists are on.

Listeners: PLAIN (anonymous, and all-powerful: for the test itself), TLS (client certificate asked for, principal
`User:CN=<name>`), SCRAM (SCRAM-SHA-512 over TLS), and any number of links, which stand behind a proxy.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from tests.support.parts.cache import built
from tests.support.parts.catalogue import KAFKA
from tests.support.parts.kafka_admin import ClientConfig, KafkaAdmin
from tests.support.parts.ports import claim_port, is_open
from tests.support.parts.process import PATIENCE, Server
from tests.support.parts.proxy import Proxy
from tests.support.parts.tls import LOOPBACK, Authority, Leaf

Protocol = Literal["PLAINTEXT", "SSL", "SASL_SSL"]
LISTENERS: Mapping[str, Protocol] = {"PLAIN": "PLAINTEXT", "TLS": "SSL", "SCRAM": "SASL_SSL"}
AUTHENTICATION: Mapping[Protocol, Mapping[str, str]] = {
    "PLAINTEXT": {},
    "SSL": {"ssl.client.auth": "required"},
    "SASL_SSL": {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    },
}
# A test's broker lives for minutes: a quick start is worth more than the fastest code. A measurement takes STEADY.
QUICK = ("-XX:TieredStopAtLevel=1", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC")
STEADY = ("-Xms512m", "-Xmx512m", "-XX:+UseSerialGC")
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "auto.create.topics.enable": "false",
    # A broker that was killed is let in again when the session of its former life is over.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # One node, few threads, few partitions of its own topics.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",  # for tests that wait for a session to end; services keep six seconds
    "num.network.threads": "1",
    "num.io.threads": "4",
    # Compaction and retention happen within a test's patience.
    "log.cleaner.backoff.ms": "500",
    "log.cleaner.min.cleanable.ratio": "0.01",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.retention.check.interval.ms": "1000",
    "log.initial.task.delay.ms": "1000",
    "log.segment.delete.delay.ms": "1000",
}


class Kafka(Server):
    """The broker. `links` are further listeners, each behind the proxy of its name; `settings` overrule the above.

    It shows `leaf` to its clients, if not one of `authority` for the names of loopback and of `address`, where TLS and
    SCRAM listen.
    """

    def __init__(
        self,
        folder: Path,
        *,
        links: Mapping[str, Protocol] | None = None,
        authority: Authority | None = None,
        leaf: Leaf | None = None,
        settings: Mapping[str, str] | None = None,
        java: Sequence[str] = QUICK,
        address: str = "127.0.0.1",
    ) -> None:
        part = built(KAFKA)
        self.address = address
        self.authority = authority or Authority(folder / "tls")
        protocols = {**LISTENERS, **{name.upper(): protocol for name, protocol in (links or {}).items()}}
        self._ports = {name: claim_port() for name in protocols}
        self.links = {name: Proxy(self._ports[name.upper()]) for name in links or {}}
        self.admin = KafkaAdmin(self.bootstrap)
        shutil.copytree(part / "formatted", folder / "data")
        advertised = self._ports | {name.upper(): proxy.port for name, proxy in self.links.items()}
        config = {
            **SETTINGS,
            **_listeners(protocols, self._ports, advertised, address),
            **_tls(self.authority, leaf or self.authority.leaf("broker", (*LOOPBACK, address))),
            "log.dirs": str(folder / "data"),
            **(settings or {}),
        }
        properties = folder / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in config.items()))
        super().__init__("kafka", _command(java, properties), folder / "kafka.log", self._answers, folder=part)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._ports['PLAIN']}"

    @property
    def tls_bootstrap(self) -> str:
        return f"{self.address}:{self._ports['TLS']}"

    @property
    def scram_bootstrap(self) -> str:
        return f"{self.address}:{self._ports['SCRAM']}"

    def plain(self, link: str | None = None) -> ClientConfig:
        """How a client connects that needs no name; `link` is the link to use, if not the listener PLAIN."""
        return {"bootstrap.servers": self.links[link].address if link else self.bootstrap}

    def tls(self, leaf: Leaf, link: str | None = None) -> ClientConfig:
        """How a client connects that shows a certificate."""
        return {
            "bootstrap.servers": self.links[link].address if link else self.tls_bootstrap,
            "security.protocol": "ssl",
            "ssl.ca.location": str(self.authority.cert),
            "ssl.certificate.location": str(leaf.cert),
            "ssl.key.location": str(leaf.key),
        }

    def scram(self, user: str, password: str, link: str | None = None) -> ClientConfig:
        """How a client connects that knows a password."""
        return {
            "bootstrap.servers": self.links[link].address if link else self.scram_bootstrap,
            "security.protocol": "sasl_ssl",
            "ssl.ca.location": str(self.authority.cert),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
        }

    def mend(self) -> None:
        super().mend()
        for proxy in self.links.values():
            proxy.heal()

    def __exit__(self, *_: object) -> None:
        self.kill()  # nobody reads its data any more
        for proxy in self.links.values():
            proxy.close()

    def start(self, patience: float = PATIENCE) -> Self:
        self.admin.reconnect()
        return super().start(patience)

    def resume(self) -> None:
        super().resume()
        self.admin.reconnect()

    def _answers(self) -> bool:
        return is_open(self._ports["PLAIN"]) and self.admin.answers()


def _listeners(
    protocols: Mapping[str, Protocol], ports: Mapping[str, int], advertised: Mapping[str, int], address: str
) -> dict[str, str]:
    controller = claim_port()
    kinds = {**protocols, "CONTROLLER": "PLAINTEXT"}
    return {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": _addresses({**ports, "CONTROLLER": controller}, address),
        "advertised.listeners": _addresses(advertised, address),
        "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, kind in kinds.items()),
        **{
            f"listener.name.{name.lower()}.{key}": value
            for name, kind in protocols.items()
            for key, value in AUTHENTICATION[kind].items()
        },
    }


def _addresses(ports: Mapping[str, int], address: str) -> str:
    """Links are reached by their proxies, and who comes by PLAIN may do everything: these stay on loopback."""
    at = {name: address if name in {"TLS", "SCRAM"} else "127.0.0.1" for name in ports}
    return ",".join(f"{name}://{at[name]}:{port}" for name, port in ports.items())


def _tls(authority: Authority, leaf: Leaf) -> dict[str, str]:
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(leaf.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.cert),
    }


def _command(java: Sequence[str], properties: Path) -> list[str | Path]:
    return [
        "java",
        *java,
        "-XX:SharedArchiveFile=classes.jsa",
        "-XX:-UsePerfData",
        f"-XX:ErrorFile={properties.parent}/crash.log",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-cp",
        "libs/*",
        "kafka.Kafka",
        properties,
    ]
