"""What is watched, and whom a change wakes. Every handler only passes on what it has heard; none writes anything."""

from collections.abc import Mapping
from typing import Any, Final

import kopf

from cryptostream_operator.effects.canary import Canary
from cryptostream_operator.handlers.crew import Crew
from cryptostream_operator.reconcile.values import Ref
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import API_VERSION

OWN: Final = ("cryptostreams", "candlestores")
CHILDREN: Final = (
    ("", "v1", "configmaps"),
    ("", "v1", "pods"),
    ("", "v1", "secrets"),
    ("", "v1", "serviceaccounts"),
    ("", "v1", "services"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "statefulsets"),
    ("networking.k8s.io", "v1", "networkpolicies"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("kafka.strimzi.io", "v1", "kafkatopics"),
    ("kafka.strimzi.io", "v1", "kafkausers"),
    ("keda.sh", "v1alpha1", "scaledobjects"),
    ("monitoring.coreos.com", "v1", "podmonitors"),
)
_BESIDE_KAFKA: Final = frozenset({"KafkaTopic", "KafkaUser", "Secret"})
Body = Mapping[str, Any]


class Watching:
    """Hears of changes. `served` are the namespaces whose streams and stores are ours, none for all."""

    def __init__(self, crew: Crew, canary: Canary, served: frozenset[str]) -> None:
        self._crew = crew
        self._canary = canary
        self._served = served

    def register(self, registry: kopf.OperatorRegistry) -> None:
        """Make these the handlers of kopf's watches."""
        for plural in OWN:
            kopf.on.event(names.GROUP, "v1alpha1", plural, registry=registry)(self.resource)
        for group, version, plural in CHILDREN:
            kopf.on.event(group, version, plural, registry=registry)(self.child)
        kopf.on.event("kafka.strimzi.io", "v1", "kafkas", registry=registry)(self.kafka)
        kopf.on.event("coordination.k8s.io", "v1", "leases", registry=registry)(self.lease)

    async def resource(self, event: Any, body: Body, **_: object) -> None:
        """A stream or a store; a stream that comes or goes concerns its store too."""
        ref, version = _ref(body), _version(body)
        if self._served and ref.namespace not in self._served:
            return
        metadata = body["metadata"]
        deleting, gone = "deletionTimestamp" in metadata, event["type"] == "DELETED"
        self._crew.resource(ref, version, int(metadata.get("generation", 0)), deleting=deleting, gone=gone)
        self._crew.neighbour(ref, version)
        if ref.kind == "CryptoStream" and (deleting or event["type"] != "MODIFIED"):
            store = body.get("spec", {}).get("storeRef", {}).get("name", "default")
            self._crew.child(
                Ref(API_VERSION, "CandleStore", ref.namespace, str(store)), ref, f"{version}/{event['type']}"
            )

    async def child(self, body: Body, **_: object) -> None:
        """Something with the operator's label."""
        about, version = _ref(body), _version(body)
        labels = body["metadata"].get("labels", {})
        for label, kind in ((names.STREAM, "CryptoStream"), (names.STORE, "CandleStore")):
            if label in labels:
                self._crew.child(Ref(API_VERSION, kind, about.namespace, labels[label]), about, version)
        self._crew.neighbour(about, version)
        namespace, _, name = body["metadata"].get("annotations", {}).get(names.OWNER_NAME, "").partition("/")
        owner = Ref(API_VERSION, "CryptoStream", namespace, name)
        if about.kind in _BESIDE_KAFKA and self._crew.refers(owner, "Kafka", about.namespace):
            self._crew.child(owner, about, version)

    async def kafka(self, body: Body, **_: object) -> None:
        """A Strimzi Kafka: its grants, its listeners, its state."""
        self._crew.neighbour(_ref(body), _version(body))

    async def lease(self, body: Body, **_: object) -> None:
        """The operator's own Lease, by which the watches show that they live."""
        self._canary.delivered(_ref(body), _version(body))


def watching_settings(settings: kopf.OperatorSettings) -> None:
    """Only what has the operator's label, of all that it does not own by kind; nothing is ever written by kopf."""
    mine = f"{names.MANAGED_BY}={names.FIELD_MANAGER}"
    for group, version, plural in (*CHILDREN, ("coordination.k8s.io", "v1", "leases")):
        settings.watching.label_selectors[group, version, plural] = mine
    settings.watching.connect_timeout = 10
    settings.watching.server_timeout = 600
    settings.networking.request_timeout = 30
    settings.posting.enabled = False
    settings.queueing.exit_timeout = 0.1
    settings.queueing.idle_timeout = 1
    settings.process.ultimate_exiting_timeout = 30


def _ref(body: Body) -> Ref:
    metadata = body["metadata"]
    return Ref(body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"])


def _version(body: Body) -> str:
    return str(body["metadata"].get("resourceVersion", ""))
