"""A Kafka that is not Strimzi's: its owner makes topics and a user, and hands the operator a Secret."""

import secrets

from cryptostream.core.resource.plan import Plan
from cryptostream.core.resource.rights import kafka_rights
from tests.chaos.provision import KINDS, OPERATIONS, make_topics
from tests.support.parts.kafka import Kafka
from tests.support.parts.kubectl import Manifest

USER = "majors"


def provide(kafka: Kafka, plan: Plan) -> None:
    """Topics, and a user with the rights of both roles; its password is another each time."""
    make_topics(kafka, plan)
    for role in ("producer", "consumer"):
        for right in kafka_rights(plan, role):
            operations = (OPERATIONS[each] for each in right.operations)
            kafka.admin.allow(f"User:{USER}", KINDS[right.kind], right.name, *operations)


def credentials(kafka: Kafka, namespace: str, name: str) -> Manifest:
    """A Secret with a new password, which Kafka knows already."""
    password = secrets.token_urlsafe(24)
    kafka.admin.add_user(USER, password)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": name},
        "stringData": {"username": USER, "password": password, "ca.crt": kafka.authority.cert.read_text()},
    }
