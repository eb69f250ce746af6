"""The Secrets by which a stream's pods show who they are to Kafka. Pure.

A SCRAM password is made once, into the Secret that Strimzi reads it from; the pods' copy follows that one. To rotate
it, delete that Secret.
"""

from collections.abc import Iterator
from typing import Any

from cryptostream.core.resource.plan import Plan, Role
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.reconcile.claims import mine
from cryptostream_operator.reconcile.kafka import Found
from cryptostream_operator.reconcile.observed import Observed
from cryptostream_operator.reconcile.values import Live, owner_uids, text
from cryptostream_operator.render import secret
from cryptostream_operator.render.site import Site
from cryptostream_operator.render.stream import ROLES
from cryptostream_operator.render.strimzi import PASSWORD, password_secret

_CERTIFICATE = ("user.crt", "user.key")


def kafka_secrets(seen: Observed, spec: StreamSpec, plan: Plan, site: Site, found: Found) -> Iterator[dict[str, Any]]:
    """Those of a Strimzi Kafka: beside it and beside the pods. A Kafka elsewhere comes with the user's own."""
    if not site.kafka.cluster or spec.kafka is None:
        return
    match spec.kafka.authentication:
        case "ScramSha512":
            for user, drawn in zip(plan.users, seen.drawn, strict=True):
                password = _password(seen, site.kafka.namespace, password_secret(user)) or drawn
                yield from secret.scram(spec, site, user, password, found.ca)
        case "Tls":
            for user in plan.users:
                made = _made_by_strimzi(seen, user.name)
                if made is not None:
                    files = {name: str(text(made, name)) for name in _CERTIFICATE}
                    authority = {"ca.crt": found.ca} if found.ca else {}
                    yield secret.mutual_tls(spec, site, user.role, {**files, **authority})
        case "None":
            yield from _authorities(spec, site, found.ca)


def _authorities(spec: StreamSpec, site: Site, ca: str | None) -> Iterator[dict[str, Any]]:
    if ca is not None:
        roles: tuple[Role, ...] = ROLES
        yield from (secret.authority(spec, site, role, ca) for role in roles)


def _password(seen: Observed, namespace: str, name: str) -> str | None:
    for each in seen.beside_kafka:
        ref = each.ref
        if (ref.kind, ref.namespace, ref.name) == ("Secret", namespace, name) and mine(each, seen.owner):
            return text(each, PASSWORD)
    return None


def _made_by_strimzi(seen: Observed, user: str) -> Live | None:
    """The Secret of a user, if Strimzi made it for the KafkaUser of this stream and no other."""
    own = {
        each.uid
        for each in seen.beside_kafka
        if (each.ref.kind, each.ref.name) == ("KafkaUser", user) and mine(each, seen.owner)
    }
    for each in seen.credentials:
        if each.ref.name == user and owner_uids(each) & own and all(text(each, name) for name in _CERTIFICATE):
            return each
    return None
