"""One pass over a resource: observe → decide → perform → say. The same for streams and stores.

A pass knows nothing of the one before but what is handed to it, and may be cut off anywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from cryptostream.core.result import Err, Result
from cryptostream_operator.effects import perform
from cryptostream_operator.effects.events import tell
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.effects.perform import Done
from cryptostream_operator.reconcile import status
from cryptostream_operator.reconcile.observed import Outcome
from cryptostream_operator.reconcile.told import notes
from cryptostream_operator.reconcile.values import Action, Apply, Create, Delete, Finalize, Keep, Live, Ref, deleting

SOON: Final = 5.0
LATER: Final = 15.0
"""Seconds until pods or InfluxDB are asked again, while something is amiss and while all is well."""
Document = Mapping[str, Any]


class Seen(Protocol):
    """What was observed of a resource."""

    @property
    def resource(self) -> Live: ...
    @property
    def pods(self) -> tuple[Live, ...]: ...
    @property
    def now(self) -> int: ...


S = TypeVar("S", bound=Seen)


class Control(msgspec.Struct, Generic[S], frozen=True):
    """How a kind of resource is looked at, decided on and told about."""

    observe: Callable[[Ref], Result[S | None, KubeError]]
    look: Callable[[S], S]
    reconcile: Callable[[S], Outcome]
    document: Callable[[S, Outcome, Iterable[str]], Document]


class Passed(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """How a pass went.

    `written` are resource versions of what it has written, so that their echo is known. `failures` are what could not
    be done. The resource is looked at again after `look_after` seconds, and all around it after `again_after`.
    """

    seen: S | None
    written: Mapping[Ref, str] = {}
    failures: tuple[str, ...] = ()
    interests: frozenset[Ref] = frozenset()
    conditions: Mapping[str, str] = {}
    acted: int = 0
    look_after: float | None = None
    again_after: float | None = None
    told_at: int | None = None


class Passes(Generic[S]):
    """Passes over resources of one kind; `clock` gives milliseconds."""

    def __init__(self, kube: Kube, control: Control[S], clock: Callable[[], int]) -> None:
        self._kube = kube
        self._control = control
        self._clock = clock

    def whole(self, ref: Ref, former: Passed[S] | None) -> Passed[S]:
        """Look at everything, do what is to be done, say how it is."""
        observed = self._control.observe(ref)
        if isinstance(observed, Err):
            return self._blind(former, observed.error)
        if observed.value is None:
            return Passed(seen=None)
        return self._act(observed.value, former)

    def glance(self, ref: Ref, former: Passed[S]) -> Passed[S]:
        """Ask pods or InfluxDB alone; if anything has to be done about it, look at everything first.

        What has failed before is not tried again: that waits for its time.
        """
        if former.seen is None or former.acted:  # what was written then is not among what was seen
            return self.whole(ref, former)
        seen = self._control.look(former.seen)
        outcome = self._control.reconcile(seen)
        if not former.failures and any(not isinstance(each, Keep) for each in outcome.actions):
            return self.whole(ref, former)
        return self._say(seen, outcome, (), former.failures, former)

    def _act(self, seen: S, former: Passed[S] | None) -> Passed[S]:
        outcome = self._control.reconcile(seen)
        done = perform.perform(self._kube, outcome.actions, self._clock)
        failures = tuple(_failure(each) for each in done if each.fault is not None)
        self._notes(seen, done, failures, former)
        if _released(done):
            return Passed(seen=None, acted=len(done))
        return self._say(seen, outcome, done, failures, former)

    def _blind(self, former: Passed[S] | None, error: KubeError) -> Passed[S]:
        """Nothing could be seen, so nothing is said but that."""
        failure = f"the API server was asked in vain: {error.message}"
        return Passed(
            seen=former.seen if former else None, failures=(failure,), told_at=former.told_at if former else None
        )

    def _say(
        self, seen: S, outcome: Outcome, done: tuple[Done, ...], failures: tuple[str, ...], former: Passed[S] | None
    ) -> Passed[S]:
        resource = _newest(seen.resource, done)
        document = self._control.document(seen, outcome, failures)
        told_at = former.told_at if former else None
        written = {each.action.ref: _version(each.live) for each in done if each.live is not None}
        if status.due(resource.manifest.get("status") or {}, document, told_at, seen.now):
            told = self._kube.merge(resource.ref, {"status": document}, "status")
            if isinstance(told, Err):
                failures += () if told.error.status == 404 else (f"status: {told.error.message}",)
            else:
                resource, told_at = told.value, seen.now
                written[resource.ref] = _version(resource)
        ready = any(each["type"] == "Ready" and each["status"] == "True" for each in document["conditions"])
        watched = (LATER if ready else SOON) if seen.pods else None
        return Passed(
            seen=msgspec.structs.replace(seen, resource=resource),  # type: ignore[type-var] # every Seen is a Struct
            written=written,
            failures=failures,
            interests=outcome.interests,
            conditions={each["type"]: each["status"] for each in document["conditions"]},
            acted=sum(each.fault is None for each in done),
            look_after=watched,
            again_after=_again(outcome, done),
            told_at=told_at,
        )

    def _notes(self, seen: S, done: tuple[Done, ...], failures: tuple[str, ...], former: Passed[S] | None) -> None:
        """Tell what was done, and what failed if it did not fail just so before."""
        ended = _released(done)
        known = former is not None and former.failures == failures and not ended
        actions = (each.action for each in done if each.fault is None)
        for note in notes(actions, () if known else failures, ended=ended):
            tell(self._kube, seen.resource, note, seen.now)


def _failure(done: Done) -> str:
    message = done.fault.message if done.fault else ""
    return f"{done.action.ref}: {message}"


def _version(live: Live) -> str:
    return str(live.manifest["metadata"]["resourceVersion"])


def _released(done: Iterable[Done]) -> bool:
    """Whether the finalizer of a resource that is being deleted is gone, and so the resource."""
    for each in done:
        if isinstance(each.action, Finalize) and each.fault is None:
            return each.live is None or deleting(each.live)
    return False


def _newest(resource: Live, done: Iterable[Done]) -> Live:
    """The resource after what was done to itself."""
    for each in done:
        if each.live is not None and each.action.ref == resource.ref:
            return each.live
    return resource


def _again(outcome: Outcome, done: Iterable[Done]) -> float | None:
    """At once if something was done whose outcome no watch tells."""
    unseen = any(each.fault is None and not isinstance(each.action, _SEEN) for each in done)
    return 0.1 if unseen else outcome.again_after


_SEEN: Final[tuple[type[Action], ...]] = (Apply, Create, Delete, Finalize)
