"""The `CandleStore` resource after parsing: frozen, complete, with all defaults filled in. Pure."""

from typing import Literal

import msgspec


class Managed(msgspec.Struct, frozen=True):
    """An InfluxDB v2 of our own. `resources` are requests and limits as canonical JSON; storage never shrinks."""

    storage_size: str = "10Gi"
    storage_class_name: str | None = None
    resources: str | None = None
    version: str = "2.7.12"
    tls: Literal["Managed", "None"] = "Managed"


class SecretKey(msgspec.Struct, frozen=True):
    """One key of a Secret of the namespace."""

    name: str
    key: str


class External(msgspec.Struct, frozen=True):
    """An InfluxDB v2 of somebody else. `token` may make buckets and tokens; `ca` signs its certificate."""

    url: str
    org: str
    token: SecretKey
    ca: SecretKey | None = None


class Bucket(msgspec.Struct, frozen=True):
    """`retention_seconds` None keeps points for ever; `shard_seconds` None leaves it to InfluxDB."""

    name: str
    retention_seconds: int | None = None
    shard_seconds: int | None = None


class Buckets(msgspec.Struct, frozen=True):
    """Where raw candles and enriched rows go."""

    raw: Bucket = Bucket("marketdata_raw")
    enriched: Bucket = Bucket("marketdata_enriched")


class StoreSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The parsed `spec` of a `CandleStore`, with the name and namespace it belongs to."""

    name: str
    namespace: str
    instance: Managed | External
    buckets: Buckets = Buckets()
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
