"""What a service is told: its configuration, and the assignment of symbols, each a JSON file. Pure.

The configuration stays the same for the life of a process, the assignment changes under it. Neither holds a
secret: credentials are in files of their own, which the configuration names. `core.resource.service_config` makes
and checks both.
"""

from hashlib import sha256
from typing import Any, Final, Literal

import msgspec

from cryptostream.core.codec.versioned import SCHEMA
from cryptostream.core.market.candle import Int64
from cryptostream.core.market.series import Symbol

Security = Literal["ScramSha512", "Tls", "None"]
LogLevel = Literal["debug", "info", "warning", "error"]


class Name(msgspec.Struct, frozen=True):
    """Whose configuration it is: topics, buckets' tags and the consumer group bear `<namespace>.<name>`."""

    name: str
    namespace: str = "default"


class Resource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A `CryptoStream` without coins and symbols, which the assignment has."""

    api_version: str
    kind: str
    metadata: Name
    spec: dict[str, Any]


class KafkaAccess(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where Kafka is, and how a service proves who it is.

    `ScramSha512` and `Tls` are always encrypted; `None` is if there is a `caFile`. Without a `caFile` the
    certificates of the system are trusted.
    """

    bootstrap: str
    security: Security = "ScramSha512"
    ca_file: str | None = None
    username_file: str | None = None
    password_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


class StoreBuckets(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where raw candles and enriched rows go."""

    raw: str = "marketdata_raw"
    enriched: str = "marketdata_enriched"


class StoreAccess(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the InfluxDB v2 is; `caFile` signs its certificate, if the system does not know who did."""

    url: str
    org: str
    token_file: str
    ca_file: str | None = None
    buckets: StoreBuckets = StoreBuckets()


class Listen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where `/metrics`, `/healthz`, `/readyz` and `/status` are served; port 0 is any free one."""

    host: str = "0.0.0.0"  # noqa: S104 - a pod's pages are asked from outside the pod
    port: int = 8080


class ServiceConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The configuration of a producer or consumer.

    `exchangeCaFile` signs the certificate of the exchange, or of the proxy before it. `workDir` is given by those who
    have to find the port. Paths may be relative to the folder of the configuration.
    """

    schema: int = SCHEMA
    resource: Resource
    assignment_file: str
    kafka: KafkaAccess
    store: StoreAccess | None = None
    exchange_ca_file: str | None = None
    http: Listen = Listen()
    simulated: bool = False
    log_level: LogLevel = "info"
    work_dir: str | None = None


class Assignment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The symbols of a stream, in the order in which they were named, and how often that has changed.

    The exchange is asked nothing before `bannedUntil`, in ms of its clock.
    """

    schema: int = SCHEMA
    generation: Int64
    symbols: tuple[Symbol, ...]
    banned_until: Int64 | None = None


_encoder: Final = msgspec.json.Encoder()


def encode(document: ServiceConfig | Assignment) -> bytes:
    """The file; the same document gives the same bytes."""
    return msgspec.json.format(_encoder.encode(document)) + b"\n"


def config_hash(config: ServiceConfig) -> str:
    """Sixteen hexadecimal digits which change with the configuration."""
    return sha256(encode(config)).hexdigest()[:16]
