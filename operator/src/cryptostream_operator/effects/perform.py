"""Does what was decided, in order. Each action succeeds or says why not; one that fails stops no other.

What could have been done twice does no harm: objects are applied, secrets are made only where there is none.
"""

from collections.abc import Callable, Iterable
from typing import Final, assert_never

import msgspec

from cryptostream.core.result import Err, Ok, Result, map_err, map_ok
from cryptostream_operator.effects import store_actions
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.effects.store_actions import Fault
from cryptostream_operator.reconcile.decide import ABSENT
from cryptostream_operator.reconcile.values import (
    Action,
    Apply,
    Create,
    Delete,
    Erase,
    Finalize,
    Issue,
    Keep,
    Live,
    MakeBucket,
    MakeToken,
    Onboard,
    RemoveToken,
    owner_uids,
)
from cryptostream_operator.render.names import FIELD_MANAGER, MANAGED_BY
from cryptostream_operator.render.strimzi import API_VERSION as STRIMZI

_CONFLICT: Final = 409


class Done(msgspec.Struct, frozen=True):
    """An action and how it went: the object as it is now, if one was written, or what was wrong."""

    action: Action
    live: Live | None = None
    fault: Fault | None = None


def perform(kube: Kube, actions: Iterable[Action], now: Callable[[], int]) -> tuple[Done, ...]:
    """Do all of them; what there is to keep is left out of the answer."""
    done: list[Done] = []
    for action in actions:
        if isinstance(action, Keep):
            continue
        if isinstance(action, Finalize) and action.after_all and any(each.fault for each in done):
            continue
        result = _one(kube, action, now)
        done.append(Done(action, fault=result.error) if isinstance(result, Err) else Done(action, result.value))
    return tuple(done)


def _one(kube: Kube, action: Action, now: Callable[[], int]) -> Result[Live | None, Fault]:
    match action:
        case Apply():
            return _apply(kube, action)
        case Create():
            return _create(kube, action)
        case Delete():
            return map_err(map_ok(kube.delete(action.ref, action.uid), _nothing), _fault)
        case Finalize():
            return _finalize(kube, action)
        case Keep():
            return Ok(None)
        case Issue() | MakeBucket() | MakeToken() | Onboard() | RemoveToken() | Erase():
            return map_ok(store_actions.do(kube, action, now), _nothing)
        case _:
            assert_never(action)


def _apply(kube: Kube, action: Apply) -> Result[Live | None, Fault]:
    if action.reason == ABSENT and action.ref.api_version != STRIMZI:
        found = kube.get(action.ref)
        if isinstance(found, Err):
            return Err(_fault(found.error))
        if found.value is not None and not _ours(found.value, action):
            message = "is there already and was not made by the operator: remove it, or choose another name"
            return Err(Fault("NameTaken", message, passing=False))
    return _written(kube.apply(action.manifest))


def _ours(found: Live, action: Apply) -> bool:
    """Whether an object that was not found by its labels is the owner's all the same."""
    metadata = found.manifest["metadata"]
    wanted = {each["uid"] for each in action.manifest["metadata"].get("ownerReferences", ())}
    if owner_uids(found) - wanted:
        return False
    managed = any(each.get("manager") == FIELD_MANAGER for each in metadata.get("managedFields", ()))
    return managed or metadata.get("labels", {}).get(MANAGED_BY) == FIELD_MANAGER or bool(owner_uids(found))


def _create(kube: Kube, action: Create) -> Result[Live | None, Fault]:
    done = kube.create(action.manifest)
    if isinstance(done, Err) and done.error.status == _CONFLICT:
        return Ok(None)
    return _written(done)


def _finalize(kube: Kube, action: Finalize) -> Result[Live | None, Fault]:
    metadata = {"finalizers": list(action.finalizers), "resourceVersion": action.resource_version}
    done = kube.merge(action.ref, {"metadata": metadata})
    if isinstance(done, Err) and done.error.status == 404:
        return Ok(None)
    return _written(done)


def _written(done: Result[Live, KubeError]) -> Result[Live | None, Fault]:
    return Err(_fault(done.error)) if isinstance(done, Err) else Ok(done.value)


def _fault(error: KubeError) -> Fault:
    return Fault(error.reason, error.message, error.passing)


def _nothing(_: object) -> None:
    return None
