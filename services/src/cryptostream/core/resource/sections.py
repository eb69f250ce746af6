"""The parts of a `CryptoStream`'s `spec`, each as a table of fields. Pure."""

import msgspec

from cryptostream.core.market.interval import INTERVALS
from cryptostream.core.resource.fields import (
    Faults,
    Field,
    Parser,
    Required,
    anything,
    boolean,
    choice,
    decimal,
    fault,
    integer,
    items,
    made,
    moment,
    text,
)
from cryptostream.core.resource.spec import (
    Autoscaling,
    Egress,
    Endpoints,
    Fault,
    History,
    IndicatorSpec,
    Kafka,
    KafkaTopics,
    Objectives,
    Source,
    Validation,
)
from cryptostream.core.result import Err, Ok, Result

YEARS = 366 * 24 * 3600
DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
COIN = r"(?:[^\W_a-z]|[.-])+"
"""Upper case letters of any script, digits, dot and hyphen: since 2025-12 symbols may be Unicode."""

REST_ENDPOINTS = (
    "https://data-api.binance.vision",
    "https://api.binance.com",
    "https://api-gcp.binance.com",
    "https://api1.binance.com",
    "https://api2.binance.com",
)
STREAM_ENDPOINTS = ("wss://data-stream.binance.vision", "wss://stream.binance.com:9443", "wss://stream.binance.com:443")
"""The market-data-only hosts first, then those that trade too."""

coin = text(COIN, most=50, what="an asset in upper case", remedy="write for example BTC")
label = text(DNS_LABEL, most=63, what="a DNS label", remedy="use lower case letters, digits and hyphens")
secret = text(
    rf"{DNS_LABEL}(\.{DNS_LABEL})*", most=253, what="the name of a Secret", remedy="name one of the namespace"
)


def interval(value: object, path: str) -> Result[str, Faults]:
    """The name of an interval; the usual slips get a hint of their own."""
    if isinstance(value, str) and value in INTERVALS:
        return Ok(value)
    hints = {"1mo": "1M", "60m": "1h", "24h": "1d", "7d": "1w", "60s": "1m", "1D": "1d", "1W": "1w", "1H": "1h"}
    hint = hints.get(str(value))
    remedy = f"did you mean {hint}?" if hint else "choose one of them; 1m is a minute, 1M a month"
    return fault(path, f"must be one of {', '.join(INTERVALS)}, not `{value!s:.40}`", remedy)


def url(*schemes: str) -> Parser[str]:
    """An address with one of `schemes`."""
    pattern = rf"(?:{'|'.join(schemes)})://[^\s/@]+(?:/[^\s]*)?"
    what = f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    return text(pattern, most=2048, what=what, remedy=f"write for example {schemes[0]}://host.example")


def _one_history(history: History, path: str) -> Faults:
    if history.start_time is not None and history.seconds is not None:
        return (Fault(path, "must have startTime or seconds, not both", "remove one of them"),)
    return ()


source = made(
    Source,
    (
        Field("exchange", "exchange", choice("Binance"), "Binance"),
        Field(
            "endpoints",
            "endpoints",
            made(
                Endpoints,
                (
                    Field("rest", "rest", items(url("https", "http"), most=16), REST_ENDPOINTS),
                    Field("stream", "stream", items(url("wss", "ws"), most=16), STREAM_ENDPOINTS),
                ),
            ),
            Endpoints(REST_ENDPOINTS, STREAM_ENDPOINTS),
        ),
        Field("mode", "mode", choice("Auto", "Rest"), "Auto"),
        Field(
            "history",
            "history",
            made(
                History,
                (
                    Field("startTime", "start_time", moment),
                    Field("seconds", "seconds", integer(0, 20 * YEARS, "seconds")),
                ),
                _one_history,
            ),
            History(),
        ),
        Field("pollSeconds", "poll_seconds", integer(1, 86400, "seconds")),
    ),
)
DEFAULT_SOURCE = Source(Endpoints(REST_ENDPOINTS, STREAM_ENDPOINTS))


def _params(value: object, path: str) -> Result[tuple[tuple[str, object], ...], Faults]:
    """Parameters as written; the catalogue knows their types and bounds."""
    if not isinstance(value, dict):
        return fault(path, "must be an object", "write for example params: {timeperiod: 20}")
    floats = [
        Fault(f"{path}.{name}", f"must be a string holding a decimal, not the number {given}", f'write "{given}"')
        for name, given in value.items()
        if isinstance(given, float)
    ]
    odd = [
        Fault(f"{path}.{name}", "must be a whole number or a string", "write a number or a quoted decimal")
        for name, given in value.items()
        if isinstance(given, bool) or not isinstance(given, int | float | str)
    ]
    return Err((*floats, *odd)) if floats or odd else Ok(tuple((str(name), given) for name, given in value.items()))


indicator = made(
    IndicatorSpec,
    (
        Field(
            "name",
            "name",
            text(r".+", most=63, what="a name", remedy="for example sma20"),
            Required("for example sma20"),
        ),
        Field(
            "function",
            "function",
            text(r".+", most=40, what="a function", remedy="for example SMA"),
            Required("for example SMA"),
        ),
        Field("params", "params", _params, ()),
        Field("withInterval", "with_interval", interval),
    ),
)
indicators = items(indicator, least=0, most=64)

validation = made(
    Validation,
    (
        Field("maxMovePercent", "max_move_percent", decimal("0.01", "1000000"), Validation().max_move_percent),
        Field("onAberrant", "on_aberrant", choice("Flag", "Reject"), "Flag"),
    ),
)
objectives = made(
    Objectives,
    (
        Field("freshnessSeconds", "freshness_seconds", integer(1, 86400, "seconds"), 5),
        Field("completenessPercent", "completeness_percent", decimal("0", "100"), Objectives().completeness_percent),
    ),
)
topics = made(
    KafkaTopics,
    (
        Field("partitions", "partitions", integer(1, 1000), 6),
        Field("retentionSeconds", "retention_seconds", integer(60, 20 * YEARS, "seconds"), 7 * 24 * 3600),
        Field("replicas", "replicas", integer(1, 32767)),
    ),
)


class _Cluster(msgspec.Struct, frozen=True):
    name: str
    namespace: str | None = None


class _KafkaDraft(msgspec.Struct, frozen=True):
    cluster: _Cluster | None
    bootstrap: str | None
    secret_name: str | None
    authentication: str
    topics: KafkaTopics


def _one_kafka(draft: _KafkaDraft, path: str) -> Faults:
    if (draft.cluster is None) == (draft.bootstrap is None):
        return (Fault(path, "must have either cluster or bootstrap", "name a Strimzi cluster, or give addresses"),)
    if draft.bootstrap is not None and draft.secret_name is None and draft.authentication != "None":
        message = f"must be given with bootstrap and authentication {draft.authentication}"
        return (Fault(f"{path}.secretName", message, "name the Secret with the credentials"),)
    return ()


_kafka = made(
    _KafkaDraft,
    (
        Field(
            "cluster",
            "cluster",
            made(_Cluster, (Field("name", "name", label, Required("name it")), Field("namespace", "namespace", label))),
        ),
        Field(
            "bootstrap",
            "bootstrap",
            text(
                r"[^\s,:]+:\d+(,[^\s,:]+:\d+)*", most=1024, what="host:port, …", remedy="write for example kafka:9093"
            ),
        ),
        Field("secretName", "secret_name", secret),
        Field("authentication", "authentication", choice("ScramSha512", "Tls", "None"), "ScramSha512"),
        Field("topics", "topics", topics, KafkaTopics()),
    ),
    _one_kafka,
)


def kafka(value: object, path: str) -> Result[Kafka, Faults]:
    """A Strimzi cluster by name, or any other by its addresses."""
    draft = _kafka(value, path)
    if isinstance(draft, Err):
        return draft
    found = draft.value
    return Ok(
        Kafka(
            cluster_name=found.cluster.name if found.cluster else None,
            cluster_namespace=found.cluster.namespace if found.cluster else None,
            bootstrap=found.bootstrap,
            secret_name=found.secret_name,
            authentication=found.authentication,  # type: ignore[arg-type]  # the parser admits these words alone
            topics=found.topics,
        )
    )


class StoreRef(msgspec.Struct, frozen=True):
    """The name of a `CandleStore` of the namespace."""

    name: str


class ProducerPart(msgspec.Struct, frozen=True):
    """`spec.producer`."""

    shards: int = 1
    pod: object = None


class ConsumerPart(msgspec.Struct, frozen=True):
    """`spec.consumer`."""

    replicas: int = 2
    autoscaling: Autoscaling | None = None
    pod: object = None


def _one_shard(value: object, path: str) -> Result[int, Faults]:
    if value == 1 and not isinstance(value, bool):
        return Ok(1)
    return fault(path, f"must be 1 for now, not {value!s:.20}", "leave it out: one process serves 10,000 series")


def _bounds(scaling: Autoscaling, path: str) -> Faults:
    if scaling.min_replicas <= scaling.max_replicas:
        return ()
    return (Fault(f"{path}.minReplicas", "must not be above maxReplicas", "lower it, or raise maxReplicas"),)


_POD_FIELDS = ("resources", "nodeSelector", "tolerations", "affinity", "priorityClassName", "imagePullSecrets")
pod: Parser[object] = made(dict, (Field(name, name, anything) for name in _POD_FIELDS))
store_ref = made(StoreRef, (Field("name", "name", label, Required("name a CandleStore")),))
producer = made(ProducerPart, (Field("shards", "shards", _one_shard, 1), Field("pod", "pod", pod)))
consumer = made(
    ConsumerPart,
    (
        Field("replicas", "replicas", integer(1, 1000), 2),
        Field(
            "autoscaling",
            "autoscaling",
            made(
                Autoscaling,
                (
                    Field("minReplicas", "min_replicas", integer(1, 1000), 1),
                    Field("maxReplicas", "max_replicas", integer(1, 1000), Required("give the most replicas")),
                    Field("lagPerReplica", "lag_per_replica", integer(1, 10**9), 10_000),
                ),
                _bounds,
            ),
        ),
        Field("pod", "pod", pod),
    ),
)
egress = made(
    Egress,
    (
        Field("proxyUrl", "proxy_url", url("http", "https")),
        Field("caSecretName", "ca_secret_name", secret),
        Field("group", "group", label),
    ),
)
suspend = boolean
