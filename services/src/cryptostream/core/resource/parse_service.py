"""The files that services are told by become frozen values, or every fault of them with path and remedy. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cryptostream.core.codec.service import (
    Assignment,
    KafkaAccess,
    Listen,
    Name,
    Resource,
    ServiceConfig,
    StoreAccess,
    StoreBuckets,
)
from cryptostream.core.codec.versioned import SCHEMA
from cryptostream.core.market.series import Symbol
from cryptostream.core.market.symbols import is_valid_symbol
from cryptostream.core.resource.envelope import API_VERSION, LONGEST_NAME
from cryptostream.core.resource.fields import Faults, Field, Parsed, Parser, Required, items, join, kind, record, wrong
from cryptostream.core.resource.parse_kafka import bootstrap
from cryptostream.core.resource.parse_market import MOST_SYMBOLS
from cryptostream.core.resource.parse_store import bucket_name, organization
from cryptostream.core.resource.scalars import boolean, choice, integer, is_private, label, name, text, url
from cryptostream.core.resource.spec import Fault
from cryptostream.core.result import Err, Ok, Result

LATEST: Final = 2**63 - 1


def parse_config(document: object) -> Result[ServiceConfig, Faults]:
    """The configuration in what JSON gives. The resource in it is judged together with an assignment."""
    return _result(_config(document, ""))


def parse_assignment(document: object) -> Result[Assignment, Faults]:
    """The assignment in what JSON gives."""
    return _result(_assignment(document, ""))


def _result(parsed: Parsed[Any]) -> Result[Any, Faults]:
    return Err(parsed.faults) if parsed.faults else Ok(parsed.value)


# ---------------------------------------------------------------- fields


def _schema(value: object, path: str) -> Parsed[int]:
    if value == SCHEMA and not isinstance(value, bool):
        return Parsed(SCHEMA)
    newer = isinstance(value, int) and value > SCHEMA
    remedy = "a newer version wrote it: update this one" if newer else f"write {SCHEMA}"
    return wrong(path, f"must be {SCHEMA}, not {kind(value)}", remedy)


def _spec(value: object, path: str) -> Parsed[dict[str, Any]]:
    """The declaration, which is judged together with the symbols."""
    if not isinstance(value, Mapping):
        return wrong(path, f"must be an object, not {kind(value)}", "write its fields below it")
    named = [field for field in ("coins", "symbols") if value.get(field) is not None]
    remedy = "name the symbols in the assignment"
    return Parsed(dict(value), tuple(Fault(join(path, field), "must not be given here", remedy) for field in named))


def _credentials(access: KafkaAccess, path: str) -> Iterator[Fault]:
    """Each way of proving who one is takes its own two files, and no others."""
    needed = {"ScramSha512": ("usernameFile", "passwordFile"), "Tls": ("certFile", "keyFile"), "None": ()}
    given = {
        "usernameFile": access.username_file,
        "passwordFile": access.password_file,
        "certFile": access.cert_file,
        "keyFile": access.key_file,
    }
    for field, value in given.items():
        if field in needed[access.security] and value is None:
            yield Fault(join(path, field), f"must be given with security {access.security}", "name the mounted file")
        elif field not in needed[access.security] and value is not None:
            yield Fault(join(path, field), f"must not be given with security {access.security}", "remove it")


def _symbol(symbol: Symbol, path: str) -> Iterator[Fault]:
    if symbol.name != symbol.coin + symbol.quote:
        made = f"{symbol.coin} and {symbol.quote}"
        yield Fault(join(path, "name"), f"must be coin and quote in one word, {made}, not {symbol.name}", "correct it")


def _asset(value: object, path: str) -> Parsed[str]:
    if isinstance(value, str) and is_valid_symbol(value):
        return Parsed(value)
    return wrong(path, f"must be a name of the exchange, not {kind(value)}", "write for example BTC")


_TRUSTED: Final = "write where the Secret is mounted"
_file: Parser[str] = text(r"[^\x00-\x1f]+", most=4096, what="the path of a file", remedy=_TRUSTED)
_HOST: Final = text(r"[A-Za-z0-9.:_-]+", most=253, what="an address to listen on", remedy="write for example 0.0.0.0")

_NOTHING: Final = Resource(api_version=API_VERSION, kind="CryptoStream", metadata=Name(""), spec={})
_metadata: Final = record(
    Name,
    (
        Field("name", name(LONGEST_NAME, "CryptoStream"), Required("write its name", "")),
        Field("namespace", label, Name("").namespace),
    ),
)
_resource: Final = record(
    Resource,
    (
        Field("apiVersion", choice(API_VERSION), Required(f"write {API_VERSION}", API_VERSION)),
        Field("kind", choice("CryptoStream"), Required("write CryptoStream", "CryptoStream")),
        Field("metadata", _metadata, Required("write the name of the CryptoStream", Name(""))),
        Field("spec", _spec, Required("say what is declared", {})),
    ),
)
_kafka: Final = record(
    KafkaAccess,
    (
        Field("bootstrap", bootstrap, Required("write for example kafka-1:9093,kafka-2:9093", "")),
        Field("security", choice("ScramSha512", "Tls", "None"), KafkaAccess(bootstrap="").security),
        *(Field(each, _file) for each in ("caFile", "usernameFile", "passwordFile", "certFile", "keyFile")),
    ),
    _credentials,
)
_buckets: Final = record(
    StoreBuckets,
    (
        Field("raw", bucket_name, StoreBuckets().raw),
        Field("enriched", bucket_name, StoreBuckets().enriched),
    ),
)
_store: Final = record(
    StoreAccess,
    (
        Field("url", url("https", "http", is_private), Required("write for example https://influxdb:8086", "")),
        Field("org", organization, Required("name the organization", "")),
        Field("tokenFile", _file, Required(_TRUSTED, "")),
        Field("caFile", _file),
        Field("buckets", _buckets, StoreBuckets()),
    ),
)
_listen: Final = record(Listen, (Field("host", _HOST, Listen().host), Field("port", integer(0, 65535), Listen().port)))
_config: Final = record(
    ServiceConfig,
    (
        Field("schema", _schema, Required(f"write {SCHEMA}", SCHEMA)),
        Field("resource", _resource, Required("write a CryptoStream without coins", _NOTHING)),
        Field("assignmentFile", _file, Required("name the file with the symbols", "")),
        Field("kafka", _kafka, Required("say where Kafka is", KafkaAccess(bootstrap=""))),
        Field("store", _store),
        Field("exchangeCaFile", _file),
        Field("http", _listen, Listen()),
        Field("simulated", boolean, default=False),
        Field("logLevel", choice("debug", "info", "warning", "error"), "info"),
        Field("workDir", _file),
    ),
)
_one_symbol: Final = record(
    Symbol,
    tuple(Field(each, _asset, Required("write for example BTC", "")) for each in ("name", "coin", "quote")),
    _symbol,
)
_assignment: Final = record(
    Assignment,
    (
        Field("schema", _schema, Required(f"write {SCHEMA}", SCHEMA)),
        Field("generation", integer(0, LATEST), Required("count the changes", 0)),
        Field(
            "symbols", items(_one_symbol, most=MOST_SYMBOLS, key=lambda each: each.name), Required("name symbols", ())
        ),
        Field("bannedUntil", integer(0, LATEST)),
    ),
)
