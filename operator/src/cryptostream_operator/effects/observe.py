"""Reads all that a reconcile of a stream looks at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.plan import plan
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result, collect
from cryptostream_operator.effects.discovery import Discovery
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.effects.pages import Pages
from cryptostream_operator.reconcile.claims import claimant
from cryptostream_operator.reconcile.observed import Observed, Settings
from cryptostream_operator.reconcile.values import Live, Ref
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import API_VERSION
from cryptostream_operator.render.site import Served
from cryptostream_operator.render.strimzi import API_VERSION as STRIMZI
from cryptostream_operator.render.strimzi import password_secret

Read = Result[tuple[Live, ...], KubeError]
_KINDS: Final = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
)
_LIMITS: Final = (names.MAX_TOPICS, names.MAX_PARTITIONS)


class StreamObserver(msgspec.Struct, frozen=True):
    """Looks at streams. `clock` gives milliseconds, `draw` a fresh secret."""

    kube: Kube
    discovery: Discovery
    pages: Pages
    settings: Settings
    clock: Callable[[], int]
    draw: Callable[[], str]

    def observe(self, ref: Ref) -> Result[Observed | None, KubeError]:
        """The stream and all around it; None if it is gone."""
        found = self.kube.get(ref)
        if isinstance(found, Err) or found.value is None:
            return found if isinstance(found, Err) else Ok(None)
        strimzi, served = self.discovery.strimzi(), self.discovery.served()
        if isinstance(strimzi, Err):
            return strimzi
        if isinstance(served, Err):
            return served
        now = self.clock()
        seen = Observed(
            resource=found.value,
            spec=parse_stream(found.value.manifest, now),
            now=now,
            settings=self.settings,
            strimzi=strimzi.value,
            served=served.value,
            drawn=(self.draw(), self.draw()),
        )
        return self._around(seen)

    def look(self, seen: Observed) -> Observed:
        """The same a little later: the pods are asked again, nothing else is."""
        stream = f"{seen.owner.namespace}.{seen.owner.name}"
        return replace(seen, now=self.clock(), answers=self.pages.ask(stream, seen.pods))

    def _around(self, seen: Observed) -> Result[Observed | None, KubeError]:
        read = collect(
            (
                self._children(seen),
                self._pods(seen),
                self._beside_kafka(seen),
                self._one(_kafka_ref(seen)),
                self._credentials(seen),
                self._one(_store_ref(seen)),
                self._kin(seen),
            )
        )
        if isinstance(read, Err):
            return Err(read.error[0])
        children, pods, beside, kafka, credentials, store, kin = read.value
        whole = replace(
            seen,
            children=children,
            pods=pods,
            beside_kafka=beside,
            kafka=next(iter(kafka), None),
            credentials=credentials,
            store=next(iter(store), None),
            kin=kin,
        )
        crowd = self._crowd(whole)
        if isinstance(crowd, Err):
            return crowd
        return Ok(self.look(replace(whole, crowd=crowd.value)))

    def _children(self, seen: Observed) -> Read:
        kinds = (*_KINDS, *_optional(seen.served))
        return self._lists(kinds, seen.owner.namespace, f"{names.STREAM}={seen.owner.name}")

    def _pods(self, seen: Observed) -> Read:
        return self.kube.list("v1", "Pod", seen.owner.namespace, f"{names.STREAM}={seen.owner.name}")

    def _beside_kafka(self, seen: Observed) -> Read:
        """What is claimed for the stream, and what else has a name that it needs."""
        where = _kafka_ref(seen)
        if where is None or not seen.strimzi:
            return Ok(())
        kinds = ((STRIMZI, "KafkaTopic"), (STRIMZI, "KafkaUser"), ("v1", "Secret"))
        claimed = self._lists(kinds, where.namespace, f"{names.OWNER}={seen.resource.uid}")
        if isinstance(claimed, Err):
            return claimed
        known = {each.ref for each in claimed.value}
        others = self._gets(ref for ref in _named(seen.spec, where.namespace) if ref not in known)
        return others if isinstance(others, Err) else Ok((*claimed.value, *others.value))

    def _credentials(self, seen: Observed) -> Read:
        """Secrets to be read: the user's own, or those that Strimzi makes for users with certificates."""
        if isinstance(seen.spec, Err) or seen.spec.value.kafka is None:
            return Ok(())
        spec, kafka = seen.spec.value, seen.spec.value.kafka
        if kafka.secret_name is not None:
            return self._one(Ref("v1", "Secret", spec.namespace, kafka.secret_name))
        if kafka.cluster_name is None or kafka.authentication != "Tls":
            return Ok(())
        return self._gets(Ref("v1", "Secret", str(kafka.cluster_namespace), each.name) for each in plan(spec).users)

    def _kin(self, seen: Observed) -> Read:
        if isinstance(seen.spec, Err) or seen.spec.value.egress.group is None:
            return Ok(())
        found = self.kube.list(API_VERSION, "CryptoStream", seen.owner.namespace)
        if isinstance(found, Err):
            return found
        group = seen.spec.value.egress.group
        return Ok(tuple(each for each in found.value if _group(each) == group and each.uid != seen.resource.uid))

    def _crowd(self, seen: Observed) -> Read:
        """Topics of the namespace's other streams; only where somebody counts them."""
        if seen.kafka is None or not any(name in _annotations(seen.kafka) for name in _LIMITS):
            return Ok(())
        own, label = f"{seen.owner.namespace}/{seen.owner.name}", f"{names.MANAGED_BY}={names.FIELD_MANAGER}"
        found = self.kube.list(STRIMZI, "KafkaTopic", seen.kafka.ref.namespace, label)
        if isinstance(found, Err):
            return found
        held = ((each, claimant(each) or "") for each in found.value)
        return Ok(tuple(each for each, whose in held if whose != own and whose.startswith(f"{seen.owner.namespace}/")))

    def _lists(self, kinds: Iterable[tuple[str, str]], namespace: str, labels: str) -> Read:
        found: tuple[Live, ...] = ()
        for api_version, kind in kinds:
            read = self.kube.list(api_version, kind, namespace, labels)
            if isinstance(read, Err):
                return read
            found += read.value
        return Ok(found)

    def _gets(self, refs: Iterable[Ref]) -> Read:
        found: tuple[Live, ...] = ()
        for ref in refs:
            read = self._one(ref)
            if isinstance(read, Err):
                return read
            found += read.value
        return Ok(found)

    def _one(self, ref: Ref | None) -> Read:
        if ref is None:
            return Ok(())
        read = self.kube.get(ref)
        if isinstance(read, Err):
            return read
        return Ok(() if read.value is None else (read.value,))


def _optional(served: Served) -> Iterator[tuple[str, str]]:
    if served.scaled_object:
        yield "keda.sh/v1alpha1", "ScaledObject"
    if served.pod_monitor:
        yield "monitoring.coreos.com/v1", "PodMonitor"


def _named(spec: Result[StreamSpec, Any], namespace: str) -> Iterator[Ref]:
    """Everything beside the Kafka by the names that the stream needs."""
    if isinstance(spec, Err):
        return
    planned = plan(spec.value)
    yield from (Ref(STRIMZI, "KafkaTopic", namespace, each.resource) for each in planned.topics)
    for user in planned.users:
        yield Ref(STRIMZI, "KafkaUser", namespace, user.name)
        yield Ref("v1", "Secret", namespace, password_secret(user))


def _kafka_ref(seen: Observed) -> Ref | None:
    """The Strimzi Kafka that the stream names; also of a resource that is not valid, which may have to be deleted."""
    given = _section(seen.resource.manifest.get("spec"), "kafka", "cluster")
    name, namespace = given.get("name"), given.get("namespace", seen.owner.namespace)
    return Ref(STRIMZI, "Kafka", str(namespace), name) if isinstance(name, str) else None


def _store_ref(seen: Observed) -> Ref:
    name = _section(seen.resource.manifest.get("spec"), "storeRef").get("name", "default")
    return Ref(API_VERSION, "CandleStore", seen.owner.namespace, str(name))


def _group(live: Live) -> object:
    return _section(live.manifest.get("spec"), "egress").get("group")


def _section(value: object, *path: str) -> Mapping[str, Any]:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _annotations(live: Live) -> Mapping[str, str]:
    found: Mapping[str, str] = live.manifest["metadata"].get("annotations", {})
    return found
