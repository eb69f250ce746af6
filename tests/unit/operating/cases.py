"""Streams as they are rendered in tests: the resource, what is around it, and a name."""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from cryptostream.core.resource.parse_store import parse_store
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.store_spec import Managed
from cryptostream.core.result import Ok
from cryptostream_operator.render import influxdb
from cryptostream_operator.render.influxdb import StoreSite
from cryptostream_operator.render.site import Images, KafkaEndpoint, Owner, Served, Site, StoreEndpoint
from cryptostream_operator.render.stream import in_kafka, in_namespace
from tests.support.resources import stream

STRIMZI = {"cluster": {"name": "market", "namespace": "kafka"}}
OWNER = Owner("CryptoStream", "market", "sample", "0c5f1d36-5f0f-4d0e-9c1b-3f7c6f3d2a10")
SITE = Site(
    owner=OWNER,
    images=Images(services="example.org/cryptostream/services:0.1.0"),
    kafka=KafkaEndpoint(
        bootstrap="market-kafka-bootstrap.kafka.svc:9094",
        authenticated=True,
        own_ca=True,
        cluster="market",
        namespace="kafka",
    ),
    store=StoreEndpoint(
        url="https://default-influxdb.market.svc:8086", org="cryptostream", own_ca=True, managed="default"
    ),
)
EXTERNAL = replace(
    SITE,
    kafka=KafkaEndpoint(bootstrap="kafka-1:9092,kafka-2:9093", authenticated=False, own_ca=False),
    store=StoreEndpoint(url="http://influxdb.metrics.svc:8086", org="desk", own_ca=False),
)
EVERYTHING = Served(scaled_object=True, pod_monitor=True, prometheus_rule=True)


@dataclass(frozen=True)
class Case:
    """One stream to be rendered; `spec` is what differs from the shortest resource."""

    name: str
    spec: dict[str, Any]
    site: Site = SITE

    def render(self) -> tuple[dict[str, Any], ...]:
        spec = stream(**self.spec)
        planned = plan(spec)
        return (*in_kafka(spec, planned, self.site), *in_namespace(spec, planned, self.site))

    def __str__(self) -> str:
        return self.name


_POD = {
    "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "512Mi"}},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
    "imagePullSecrets": [{"name": "registry"}],
}
CASES = (
    Case("minimal", {"kafka": STRIMZI}),
    Case("suspended", {"kafka": STRIMZI, "suspend": True}),
    Case(
        "mutual-tls-monthly",
        {"kafka": {**STRIMZI, "authentication": "Tls", "topics": {"replicas": 3}}, "intervals": ["1m", "1M"]},
        replace(SITE, certificates="17-4"),
    ),
    Case(
        "scaled-and-placed",
        {
            "kafka": STRIMZI,
            "consumer": {"autoscaling": {"minReplicas": 2, "maxReplicas": 6}, "pod": _POD},
            "producer": {"pod": _POD},
        },
        replace(SITE, served=EVERYTHING, generation=7, banned_until=1_761_711_780_000),
    ),
    Case(
        "external",
        {
            "kafka": {"bootstrap": "kafka-1:9092,kafka-2:9093", "authentication": "None"},
            "egress": {"proxyUrl": "http://proxy.example:3128"},
            "consumer": {"replicas": 1},
        },
        EXTERNAL,
    ),
)


@dataclass(frozen=True)
class StoreCase:
    """One managed store to be rendered."""

    name: str
    managed: dict[str, Any]
    certificate: str = ""

    def render(self) -> tuple[dict[str, Any], ...]:
        document = {
            "apiVersion": "cryptostream.io/v1alpha1",
            "kind": "CandleStore",
            "metadata": {"name": "default", "namespace": "market"},
            "spec": {"managed": self.managed},
        }
        parsed = parse_store(document)
        assert isinstance(parsed, Ok), parsed
        assert isinstance(parsed.value.instance, Managed)
        owner = Owner("CandleStore", "market", "default", "7b0f4a52-2c3e-4c62-8f0e-6a1f3a0b9d11")
        site = StoreSite(owner=owner, images=SITE.images, certificate=self.certificate)
        return influxdb.children(parsed.value, parsed.value.instance, site)

    def __str__(self) -> str:
        return self.name


STORE_CASES = (
    StoreCase("store", {}, "5f2c"),
    StoreCase(
        "store-in-the-clear",
        {
            "storage": {"size": "100Gi", "storageClassName": "fast"},
            "resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "4Gi"}},
            "tls": {"mode": "None"},
        },
    ),
)
