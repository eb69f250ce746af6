"""A `CandleStore` as YAML or JSON gives it becomes a frozen spec, or every fault of it with path and remedy. Pure."""

from collections.abc import Iterator
from typing import Final

import msgspec

from cryptostream.core.resource.envelope import envelope
from cryptostream.core.resource.fields import Faults, Field, Parser, Required, join, read, record
from cryptostream.core.resource.parse_source import YEAR
from cryptostream.core.resource.parse_workload import plain_object
from cryptostream.core.resource.scalars import choice, integer, is_private, subdomain, text, url
from cryptostream.core.resource.spec import Fault
from cryptostream.core.resource.store_spec import Bucket, Buckets, External, Managed, SecretKey, StoreSpec
from cryptostream.core.result import Err, Ok, Result

HOUR: Final = 3600
"""InfluxDB keeps and groups points by the hour at least."""


def parse_store(document: object) -> Result[StoreSpec, Faults]:
    """The spec in a document of kind `CandleStore`; `Err` has one fault for each thing that is wrong."""
    parts = envelope(document, "CandleStore")
    if parts.value is None or parts.value.spec is None:
        return Err(parts.faults)
    metadata = parts.value.metadata
    attributes, faults = read(parts.value.spec, "spec", _SPEC)
    found = (*parts.faults, *faults, *(_one_instance(attributes["managed"], attributes["external"], faults)))
    if found:
        return Err(found)
    return Ok(
        StoreSpec(
            name=metadata.name,
            namespace=metadata.namespace,
            instance=attributes["managed"] or attributes["external"],
            buckets=attributes["buckets"],
            deletion_policy=attributes["deletion_policy"],
        )
    )


def _one_instance(managed: Managed | None, external: External | None, known: Faults) -> Iterator[Fault]:
    if managed and external:
        yield Fault("spec.external", "must not be given together with managed", "remove one of the two")
    elif not managed and not external and not any(each.path in {"spec.managed", "spec.external"} for each in known):
        yield Fault("spec.managed", "must be given, or external", "write managed: {} for an InfluxDB of its own")


class _Storage(msgspec.Struct, frozen=True):
    size: str
    storage_class_name: str | None


class _Tls(msgspec.Struct, frozen=True):
    mode: str


def _make_managed(storage: _Storage, resources: str | None, version: str, tls: _Tls) -> Managed:
    return Managed(
        storage_size=storage.size,
        storage_class_name=storage.storage_class_name,
        resources=resources,
        version=version,
        tls="None" if tls.mode == "None" else "Managed",
    )


def _make_external(url: str, org: str, token_secret_ref: SecretKey, ca_secret_ref: SecretKey | None) -> External:
    return External(url, org, token_secret_ref, ca_secret_ref)


def _secret_key(key: str) -> Parser[SecretKey]:
    return record(SecretKey, (Field("name", subdomain, Required("name the Secret", "")), Field("key", _key, key)))


def _bucket(default: str) -> Parser[Bucket]:
    return record(
        Bucket,
        (
            Field("name", bucket_name, default),
            Field("retentionSeconds", integer(HOUR, 100 * YEAR)),
            Field("shardSeconds", integer(HOUR, 10 * YEAR)),
        ),
        _shard_within_retention,
    )


def _shard_within_retention(bucket: Bucket, path: str) -> Iterator[Fault]:
    shard, retention = bucket.shard_seconds, bucket.retention_seconds
    if shard is not None and retention is not None and shard > retention:
        message = f"must not be above retentionSeconds {retention}, not {shard}"
        yield Fault(join(path, "shardSeconds"), message, "lower it, or leave it to InfluxDB")


def _two_buckets(buckets: Buckets, path: str) -> Iterator[Fault]:
    if buckets.raw.name == buckets.enriched.name:
        message = f"must not be the name of the raw bucket too: '{buckets.raw.name}'"
        yield Fault(join(path, "enriched.name"), message, "choose another name for one of the two")


_key: Final = text(r"[-._a-zA-Z0-9]+", most=253, what="a key of a Secret", remedy="write for example token")
bucket_name: Final = text(
    r"[A-Za-z0-9][A-Za-z0-9._-]*",
    most=64,
    what="the name of a bucket: letters, digits, dots, hyphens and underscores, the first a letter or digit",
    remedy="write for example marketdata_raw",
)
_quantity: Final = text(
    r"[1-9][0-9]{0,8}(?:\.[0-9]{1,3})?(?:[KMGTP]i|[kMGTP])?",
    most=16,
    what="a quantity of bytes",
    remedy="write for example 10Gi",
)
_version: Final = text(
    r"2\.[0-9]{1,3}(?:\.[0-9]{1,3})?", most=16, what="a version of InfluxDB 2", remedy=f"write {Managed().version}"
)
organization: Final = text(
    r"[^\s](?:.{0,62}[^\s])?", most=64, what="the name of an organization", remedy="write its name as InfluxDB shows it"
)
_STORAGE: Final = record(
    _Storage, (Field("size", _quantity, Managed().storage_size), Field("storageClassName", subdomain))
)
_MANAGED: Final = (
    Field("storage", _STORAGE, _Storage(Managed().storage_size, None)),
    Field("resources", plain_object),
    Field("version", _version, Managed().version),
    Field("tls", record(_Tls, (Field("mode", choice("Managed", "None"), "Managed"),)), _Tls("Managed")),
)
_EXTERNAL: Final = (
    Field("url", url("https", "http", is_private), Required("write for example https://influxdb.example:8086")),
    Field("org", organization, Required("name the organization")),
    Field("tokenSecretRef", _secret_key("token"), Required("name the Secret with the token")),
    Field("caSecretRef", _secret_key("ca.crt")),
)
_BUCKETS: Final = record(
    Buckets,
    (
        Field("raw", _bucket("marketdata_raw"), Buckets().raw),
        Field("enriched", _bucket("marketdata_enriched"), Buckets().enriched),
    ),
    _two_buckets,
)
_SPEC: Final = (
    Field("managed", record(_make_managed, _MANAGED)),
    Field("external", record(_make_external, _EXTERNAL)),
    Field("buckets", _BUCKETS, Buckets()),
    Field("deletionPolicy", choice("Retain", "Delete"), "Retain"),
)
