"""Which assignment a stream's producer has to follow: its number, and until when the exchange is left alone. Pure."""

import msgspec

from cryptostream.core.codec.service import Assignment
from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.reconcile.flow import Flow
from cryptostream_operator.reconcile.observed import Observed
from cryptostream_operator.reconcile.times import millis
from cryptostream_operator.render import names


def generation(seen: Observed, spec: StreamSpec) -> int:
    """How often the symbols have changed: one more than before if they differ from what is assigned now."""
    told = seen.status.get("assignmentGeneration")
    known = told if isinstance(told, int) else 0
    former = _former(seen, spec)
    if former is None:
        return known + 1
    last = max(known, former.generation)
    return last if former.symbols == spec.symbols else last + 1


def _former(seen: Observed, spec: StreamSpec) -> Assignment | None:
    found = seen.child("ConfigMap", names.assignment(spec.name))
    if found is None:
        return None
    try:
        return msgspec.json.decode(found.manifest.get("data", {}).get("assignment.json", ""), type=Assignment)
    except msgspec.DecodeError:
        return None


def banned_until(seen: Observed, flow: Flow) -> Millis | None:
    """Until when the exchange refuses the address of the stream, as it or one of its group was told."""
    told = [flow.banned_until, *(millis((each.manifest.get("status") or {}).get("bannedUntil")) for each in seen.kin)]
    return max((each for each in told if each is not None and each > seen.now), default=None)
