"""Whose a topic, user or Secret beside a Kafka is. Pure.

All streams of all tenants share the Kafka's namespace, where owner references do not reach. Only the operator writes
there; what it makes has the owner's name and uid. A name is one stream's at a time, so what bears the name of this
stream is its own, even if an earlier stream of this name has left it there. What bears no name or another one is never
touched.
"""

from collections.abc import Iterable

from cryptostream_operator.reconcile.kafka import not_ready
from cryptostream_operator.reconcile.values import Condition, Live
from cryptostream_operator.render.names import OWNER_NAME
from cryptostream_operator.render.site import Owner


def claimant(live: Live) -> str | None:
    """`<namespace>/<name>` of the stream that it belongs to, None if nobody has claimed it."""
    found = live.manifest["metadata"].get("annotations", {}).get(OWNER_NAME)
    return None if found is None else str(found)


def mine(live: Live, owner: Owner) -> bool:
    """Whether it belongs to `owner`."""
    return claimant(live) == f"{owner.namespace}/{owner.name}"


def conflict(found: Iterable[Live], owner: Owner) -> Condition | None:
    """KafkaReady, if something that the stream needs belongs to somebody else."""
    for each in found:
        if not mine(each, owner):
            whose = claimant(each)
            holder = f"belongs to the stream {whose}" if whose else "was made by somebody else"
            remedy = (
                "choose another name for this stream"
                if whose
                else f"remove it, or hand it over by the annotation {OWNER_NAME}: {owner.namespace}/{owner.name}"
            )
            return not_ready("NameTaken", f"{each.ref} {holder}: {remedy}.")
    return None
