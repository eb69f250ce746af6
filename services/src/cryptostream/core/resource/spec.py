"""The `CryptoStream` resource after parsing: frozen, complete, with all defaults filled in. Pure."""

from decimal import Decimal
from typing import Literal

import msgspec

from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Symbol


class Fault(msgspec.Struct, frozen=True, order=True):
    """One thing wrong with a resource: field path, what must be, and what to do about it."""

    path: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message} ({self.remedy})"


class Endpoints(msgspec.Struct, frozen=True):
    """Base addresses of the exchange, used in order."""

    rest: tuple[str, ...]
    stream: tuple[str, ...]


class History(msgspec.Struct, frozen=True):
    """How far back a series must be complete; at most one is set, none means the default depth."""

    start_time: Millis | None = None
    seconds: int | None = None


class Source(msgspec.Struct, frozen=True):
    """Where candles come from and how."""

    endpoints: Endpoints
    exchange: Literal["Binance"] = "Binance"
    mode: Literal["Auto", "Rest"] = "Auto"
    history: History = History()
    poll_seconds: int | None = None


class IndicatorSpec(msgspec.Struct, frozen=True):
    """One declared indicator; `params` keeps declaration order, integers or exact decimals."""

    name: str
    function: str
    params: tuple[tuple[str, int | Decimal | str], ...] = ()
    with_interval: str | None = None


class Validation(msgspec.Struct, frozen=True):
    """What to do with a candle that moved more than `max_move_percent` against the one before."""

    max_move_percent: Decimal = Decimal(50)
    on_aberrant: Literal["Flag", "Reject"] = "Flag"


class Objectives(msgspec.Struct, frozen=True):
    """What the stream promises."""

    freshness_seconds: int = 5
    completeness_percent: Decimal = Decimal("99.99")


class KafkaTopics(msgspec.Struct, frozen=True):
    """Layout of the topics; `replicas` None leaves it to the broker's default.

    `retention_seconds` None is a week, or longer where history or an indicator need it (`history.retention_seconds`).
    """

    partitions: int = 6
    retention_seconds: int | None = None
    replicas: int | None = None


class Kafka(msgspec.Struct, frozen=True):
    """A Strimzi cluster by name and namespace, or any other by `bootstrap` and a secret."""

    cluster_name: str | None
    cluster_namespace: str | None
    bootstrap: str | None
    secret_name: str | None
    authentication: Literal["ScramSha512", "Tls", "None"]
    topics: KafkaTopics


class Egress(msgspec.Struct, frozen=True):
    """How the exchange is reached: HTTPS proxy, private CA, and who shares the address."""

    proxy_url: str | None = None
    ca_secret_name: str | None = None
    group: str | None = None


class Autoscaling(msgspec.Struct, frozen=True):
    """Bounds and target of lag-driven scaling."""

    min_replicas: int
    max_replicas: int
    lag_per_replica: int = 10_000


class StreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The parsed `spec` of a `CryptoStream`, with the name and namespace it belongs to.

    `named_by` is the field that names the symbols, in their order. `pod` overrides are kept as the canonical
    JSON of what the user wrote: only the operator's renderer looks into them.
    """

    name: str
    namespace: str
    symbols: tuple[Symbol, ...]
    quote: str
    intervals: tuple[str, ...]
    named_by: Literal["coins", "symbols"] = "coins"
    source: Source
    indicators: tuple[IndicatorSpec, ...] = ()
    validation: Validation = Validation()
    objectives: Objectives = Objectives()
    kafka: Kafka | None = None
    store_ref: str = "default"
    egress: Egress = Egress()
    consumer_replicas: int = 2
    autoscaling: Autoscaling | None = None
    producer_pod: str | None = None
    consumer_pod: str | None = None
    suspend: bool = False
    deletion_policy: Literal["Retain", "Delete"] = "Retain"

    @property
    def stream(self) -> str:
        """Name of the stream in topics, tags and ledgers: `<namespace>.<name>`."""
        return f"{self.namespace}.{self.name}"
