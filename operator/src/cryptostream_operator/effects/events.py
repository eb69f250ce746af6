"""Events on a resource, for `kubectl describe`. One that cannot be written is lost: nothing waits for it."""

from cryptostream_operator.effects.kube import Kube
from cryptostream_operator.reconcile.times import rfc3339
from cryptostream_operator.reconcile.told import Note
from cryptostream_operator.reconcile.values import Live
from cryptostream_operator.render.names import FIELD_MANAGER


def tell(kube: Kube, about: Live, note: Note, now: int) -> None:
    """Write down one Event at `now` (ms)."""
    moment = rfc3339(now)
    kube.create(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{about.ref.name}.", "namespace": about.ref.namespace, "name": ""},
            "involvedObject": {
                "apiVersion": about.ref.api_version,
                "kind": about.ref.kind,
                "namespace": about.ref.namespace,
                "name": about.ref.name,
                "uid": about.uid,
            },
            "type": note.type,
            "reason": note.reason,
            "message": note.message,
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
    )
