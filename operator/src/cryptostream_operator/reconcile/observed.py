"""All that a reconcile of a stream looks at, as values; effects read it. No behaviour but questions to it."""

from collections.abc import Mapping

import msgspec

from cryptostream.core.codec.status import Status
from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Result
from cryptostream_operator.reconcile.flow import Flow
from cryptostream_operator.reconcile.values import Action, Condition, Live, Ref
from cryptostream_operator.render.site import Images, Owner, Served


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator was told when it was started.

    `grants` are namespaces that may use a Kafka, by its `<namespace>/<name>`, besides those of its annotation; `*` is
    every one. `simulated` marks every candle as made up. A deletion waits `deletion_patience_seconds` for others.
    """

    images: Images
    grants: Mapping[str, tuple[str, ...]] = {}
    simulated: bool = False
    deletion_patience_seconds: int = 60


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """A stream and all around it, at a moment.

    Attributes
    ----------
    resource
        The stream, and `spec` what it says.
    now
        Milliseconds of the operator's clock.
    strimzi
        Whether the API server has Strimzi's kinds.
    children
        What has the stream's label in its namespace, without pods.
    pods
        The pods of the stream, and `answers` the `/status` of those that answered, by uid.
    beside_kafka
        Topics, users and password Secrets that are claimed for the stream, or have names that it needs.
    kafka
        The Strimzi Kafka that it names, and `credentials` the Secrets it may read from: the user's own for a Kafka
        elsewhere, those which Strimzi made for its users.
    crowd
        Topics of the namespace's other streams in the same Kafka, where the Kafka's owner limits them.
    store
        Its CandleStore.
    kin
        Streams of the namespace that share an outgoing address with it.
    drawn
        Fresh passwords, one for each role, in case that one is needed.
    """

    resource: Live
    spec: Result[StreamSpec, Faults]
    now: Millis
    settings: Settings
    strimzi: bool
    served: Served = Served()
    children: tuple[Live, ...] = ()
    pods: tuple[Live, ...] = ()
    answers: Mapping[str, Status] = {}
    beside_kafka: tuple[Live, ...] = ()
    kafka: Live | None = None
    credentials: tuple[Live, ...] = ()
    crowd: tuple[Live, ...] = ()
    store: Live | None = None
    kin: tuple[Live, ...] = ()
    drawn: tuple[str, str] = ("", "")

    @property
    def owner(self) -> Owner:
        """The stream as the owner of its children."""
        ref = self.resource.ref
        return Owner("CryptoStream", ref.namespace, ref.name, self.resource.uid)

    @property
    def status(self) -> Mapping[str, object]:
        """What its status says now."""
        return dict(self.resource.manifest.get("status") or {})

    def child(self, kind: str, name: str) -> Live | None:
        """One of its children."""
        return next((each for each in self.children if (each.ref.kind, each.ref.name) == (kind, name)), None)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from what was observed.

    `conditions` are without those that follow from others and from the actions. `interests` are objects of others
    whose change matters. After `again_after` seconds all is looked at again.
    `left` tells what a deletion waits for, or leaves behind.
    """

    actions: tuple[Action, ...]
    conditions: tuple[Condition, ...] = ()
    flow: Flow | None = None
    interests: frozenset[Ref] = frozenset()
    again_after: float | None = None
    left: tuple[str, ...] = ()
