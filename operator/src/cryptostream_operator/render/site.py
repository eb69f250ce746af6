"""What rendering needs to know besides spec and plan: settings of the operator, and what was observed. Values only."""

from typing import Literal

import msgspec

PullPolicy = Literal["Always", "IfNotPresent", "Never"]


class Images(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which images pods run, and how they are had."""

    services: str
    influxdb: str = "docker.io/library/influxdb"
    """Without the tag, which is the version of the store."""
    pull_policy: PullPolicy = "Always"
    pull_secrets: tuple[str, ...] = ()


class Owner(msgspec.Struct, frozen=True):
    """The resource that children belong to."""

    kind: Literal["CryptoStream", "CandleStore"]
    namespace: str
    name: str
    uid: str


class KafkaEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Kafka is; `own_ca` says that the Secret with the credentials holds its `ca.crt`.

    `authenticated` says that clients show who they are.

    `cluster` and `namespace` are those of a Strimzi Kafka, empty for any other.
    """

    bootstrap: str
    authenticated: bool
    own_ca: bool
    cluster: str = ""
    namespace: str = ""


class StoreEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where the InfluxDB of a stream is; `managed` names the CandleStore, if the operator runs it."""

    url: str
    org: str
    own_ca: bool
    managed: str = ""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """Which kinds of other projects this API server has."""

    scaled_object: bool = False
    pod_monitor: bool = False
    prometheus_rule: bool = False


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Everything around one stream.

    `generation` is that of the assignment, `banned_until` in ms. `credentials` are resource versions of the mounted
    certificates, which roll the pods when they change. `simulated` marks every candle as made up.
    """

    owner: Owner
    images: Images
    kafka: KafkaEndpoint
    store: StoreEndpoint
    served: Served = Served()
    generation: int = 1
    banned_until: int | None = None
    certificates: str = ""
    simulated: bool = False
