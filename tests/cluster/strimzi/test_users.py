"""KafkaUsers: each row of what the real User Operator was seen to do."""

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AclOperation, AclPermissionType, ResourcePatternType, ResourceType
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from tests.cluster.strimzi.seeing import Seen, message
from tests.support.parts.kafka import Kafka
from tests.support.parts.kafka_admin import ClientConfig
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for
from tests.support.strimzi.api import SECRET, USER, Manifest
from tests.support.strimzi.part import Strimzi
from tests.support.strimzi.users import acls

BY_REFERENCE = {"valueFrom": {"secretKeyRef": {"name": "carol-pw", "key": "pw"}}}


@pytest.fixture(autouse=True)
def kafka(seen: Seen, strimzi: Strimzi) -> None:
    """The Kafka is there, and with it the authority of its clients."""
    seen.ready(strimzi.kafka())


def rule(kind: str, name: str, *operations: str, **more: str) -> Manifest:
    pattern = more.pop("pattern", "literal")
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": [*operations], **more}


def by_password(seen: Seen, user: str) -> ClientConfig:
    return seen.kafka.scram(user, seen.secret(user)["password"].decode())


def keep_secret(seen: Seen, name: str, **data: str) -> None:
    seen.api.apply(SECRET, name, {"metadata": {"name": name}, "stringData": data})


def test_a_user_by_password_sees_what_it_may(seen: Seen, strimzi: Strimzi) -> None:
    """SCRAM login with the Secret listed exactly the one permitted topic."""
    for topic in ("allowed", "other"):
        seen.ready(strimzi.topic(topic))
    found = seen.ready(strimzi.user("alice", None, rule("topic", "allowed", "Read", "Describe")))
    assert found["status"].keys() == {"conditions", "observedGeneration", "username", "secret"}
    assert (found["status"]["username"], found["status"]["secret"]) == ("alice", "alice")
    assert "finalizers" not in found["metadata"]
    wait_for(lambda: seen.may_list(by_password(seen, "alice")) == {"allowed"}, "alice sees one topic")


def test_the_secret_of_a_user_by_password(seen: Seen, strimzi: Strimzi) -> None:
    """`password` (32 chars), `sasl.jaas.config`; type Opaque; ownerReference controller=false; labels; no ca.crt."""
    template = {"secret": {"metadata": {"labels": {"mine": "x"}, "annotations": {"also": "y"}}}}
    found = seen.ready(strimzi.user("dora", template=template))
    held, secret = seen.secret("dora"), seen.get(SECRET, "dora")
    password = held["password"].decode()
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    assert held.keys() == {"password", "sasl.jaas.config"}
    assert len(password) == 32
    assert held["sasl.jaas.config"].decode() == f'{module} required username="dora" password="{password}";'
    assert secret["type"] == "Opaque"
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (found["metadata"]["uid"], False, True)
    assert secret["metadata"]["annotations"] == {"also": "y"}
    assert secret["metadata"]["labels"] == {
        "mine": "x",
        "strimzi.io/cluster": "events",
        "strimzi.io/kind": "KafkaUser",
        "app.kubernetes.io/name": "strimzi-user-operator",
        "app.kubernetes.io/instance": "dora",
        "app.kubernetes.io/managed-by": "strimzi-user-operator",
        "app.kubernetes.io/part-of": "strimzi-dora",
    }


def test_a_lost_secret_is_made_with_a_new_password(seen: Seen, strimzi: Strimzi) -> None:
    """Deleting the Secret -> re-created within 3 s with a new password."""
    seen.ready(strimzi.user("erin"))
    former = seen.secret("erin")["password"]
    seen.api.delete(SECRET, "erin")
    assert seen.secret("erin")["password"] != former
    wait_for(lambda: seen.may_list(by_password(seen, "erin")) is not None, "the new password is taken")
    assert seen.may_list(seen.kafka.scram("erin", former.decode())) is None


def test_a_password_is_given_by_reference(seen: Seen, strimzi: Strimzi) -> None:
    """password: {valueFrom: {secretKeyRef}}; missing -> NotReady, picked up at the next periodic run."""
    seen.api.delete(SECRET, "carol-pw")
    user = strimzi.user("carol", {"type": "scram-sha-512", "password": BY_REFERENCE})
    said = seen.refused(user, "ExecutionException")
    assert said.endswith("InvalidResourceException: Secret carol-pw in namespace strimzi not found")
    assert seen.get(USER, "carol")["status"].keys() == {"conditions", "observedGeneration"}
    keep_secret(seen, "carol-pw", wrong="x")
    lacks_key = "Secret carol-pw does not contain the key pw with requested user password."
    wait_for(lambda: message(seen.get(USER, "carol")).endswith(lacks_key), "the missing key is told")
    for password in ("correct-horse-battery-staple", "another-one-afterwards"):
        keep_secret(seen, "carol-pw", pw=password)
        seen.condition(USER, "carol", "Ready")
        how = seen.kafka.scram("carol", password)
        wait_for(lambda how=how: seen.may_list(how) is not None, "carol's own password is taken")  # type: ignore[misc]
        assert seen.secret("carol")["password"].decode() == password


def test_changed_rules_replace_the_old_ones(seen: Seen, strimzi: Strimzi) -> None:
    """Changed acls replace the old set."""
    for topic in ("one", "two", "prefixed-three"):
        seen.ready(strimzi.topic(topic))
    seen.ready(strimzi.user("fred", None, rule("topic", "one", "Describe")))
    wait_for(lambda: seen.may_list(by_password(seen, "fred")) == {"one"}, "fred sees the first")
    prefixed = rule("topic", "prefixed-", "Describe", pattern="prefix")
    seen.ready(strimzi.user("fred", None, rule("topic", "two", "Describe"), prefixed))
    wait_for(lambda: seen.may_list(by_password(seen, "fred")) == {"two", "prefixed-three"}, "fred sees the others")


def test_rules_become_kafkas_access_lists(seen: Seen, strimzi: Strimzi) -> None:
    """All kinds of resources, patterns, hosts, allow and deny; Write on a group (meaningless) is accepted as Ready."""
    rules = (
        rule("topic", "orders", "Read", "Describe", "Write"),
        rule("group", "orders-", "Read", "Write", pattern="prefix"),
        rule("transactionalId", "tx-", "Describe", "Write", pattern="prefix", host="10.0.0.1"),
        {"resource": {"type": "cluster"}, "operations": ["IdempotentWrite"]},
        rule("topic", "secret", "All", type="deny"),
    )
    found = seen.ready(strimzi.user("gina", None, *rules))
    assert seen.users.acls("User:gina") == acls(found, "gina")  # so that nothing is written again
    there = {
        (each.restype, each.name, each.resource_pattern_type, each.operation, each.host, each.permission_type)
        for each in seen.users.acls("User:gina")
    }
    literal, prefixed = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
    does, may, tx = AclOperation, AclPermissionType.ALLOW, ResourceType.TRANSACTIONAL_ID
    assert there == {
        *((ResourceType.TOPIC, "orders", literal, each, "*", may) for each in (does.READ, does.DESCRIBE, does.WRITE)),
        *((ResourceType.GROUP, "orders-", prefixed, each, "*", may) for each in (does.READ, does.WRITE)),
        *((tx, "tx-", prefixed, each, "10.0.0.1", may) for each in (does.DESCRIBE, does.WRITE)),
        (ResourceType.BROKER, "kafka-cluster", literal, does.IDEMPOTENT_WRITE, "*", may),
        (ResourceType.TOPIC, "secret", literal, does.ALL, "*", AclPermissionType.DENY),
    }


def test_a_user_goes_with_its_resource(seen: Seen, strimzi: Strimzi) -> None:
    """Deleting the KafkaUser removes SCRAM credential, ACLs and (by ownerReference GC) the Secret within 2 s."""
    seen.ready(strimzi.user("hugo", None, rule("topic", "orders", "Read")))
    assert "hugo" in seen.users.names()
    seen.api.delete(USER, "hugo")
    wait_for(lambda: "hugo" not in seen.users.names(), "hugo is unknown")
    wait_for(lambda: seen.api.get(SECRET, "hugo") is None, "hugo's Secret is gone")


def test_a_user_that_goes_while_the_operator_is_down(seen: Seen, strimzi: Strimzi) -> None:
    """UO down: deletion is not blocked, the credential stays in Kafka and is removed when the UO is back."""
    seen.ready(strimzi.user("ida"))
    strimzi.kill()
    seen.api.delete(USER, "ida")
    assert seen.api.get(USER, "ida") is None
    assert "ida" in seen.users.names()
    strimzi.start()
    wait_for(lambda: "ida" not in seen.users.names(), "ida is unknown")


def test_users_of_others_are_deleted(seen: Seen, broker: Kafka) -> None:
    """The UO owns all users of the broker: those without a KafkaUser are gone at the next periodic run."""
    broker.admin.add_user("foreign", "a-password-of-others")
    broker.admin.allow("User:CN=stranger", ResourceType.TOPIC, "orders", AclOperation.READ)
    wait_for(lambda: not {"foreign", "CN=stranger"} & seen.users.names(), "foreign users are gone")


def test_some_users_of_others_may_stay(seen: Seen, broker: Kafka) -> None:
    """STRIMZI_IGNORED_USERS_PATTERN (regex) is the documented guard; a part of a name is not enough."""
    for name in ("ignored-one", "not-ignored-one"):
        broker.admin.add_user(name, "a-password-of-others")
    wait_for(lambda: "not-ignored-one" not in seen.users.names(), "the other one is gone")
    assert "ignored-one" in seen.users.names()


def test_a_user_by_certificate(seen: Seen, strimzi: Strimzi, tmp_path: Path) -> None:
    """tls: `ca.crt`, `user.crt`, `user.key`, `user.p12`, `user.password`; subject CN=bob; principal `User:CN=bob`."""
    seen.ready(strimzi.topic("for-bob"))
    found = seen.ready(strimzi.user("bob", {"type": "tls"}, rule("topic", "for-bob", "Describe")))
    assert (found["status"]["username"], found["status"]["secret"]) == ("CN=bob", "bob")
    held = seen.secret("bob")
    assert held.keys() == {"ca.crt", "user.crt", "user.key", "user.p12", "user.password"}
    assert held["ca.crt"] == seen.secret("events-clients-ca-cert")["ca.crt"]
    cert = x509.load_pem_x509_certificate(held["user.crt"])
    assert cert.subject.rfc4514_string() == "CN=bob"
    cert.verify_directly_issued_by(x509.load_pem_x509_certificate(held["ca.crt"]))
    assert held["user.key"].startswith(b"-----BEGIN PRIVATE KEY-----")
    assert load_pem_private_key(held["user.key"], None).public_key() == cert.public_key()
    assert pkcs12.load_pkcs12(held["user.p12"], held["user.password"]).cert is not None
    how = seen.certificate("bob", tmp_path, seen.secret("events-cluster-ca-cert")["ca.crt"])
    wait_for(lambda: seen.may_list(how) == {"for-bob"}, "bob sees one topic")


def test_a_certificate_is_renewed_before_it_ends(seen: Seen, strimzi: Strimzi) -> None:
    """validityDays, renewalDays: one that has fewer days left is made again; others stay as they are."""
    seen.ready(strimzi.user("kate", {"type": "tls", "validityDays": 40, "renewalDays": 30}))
    former = seen.secret("kate")
    seen.ready(strimzi.user("kate", {"type": "tls", "validityDays": 60, "renewalDays": 35}))
    assert seen.secret("kate") == former
    seen.ready(strimzi.user("kate", {"type": "tls", "validityDays": 60, "renewalDays": 45}))
    assert seen.secret("kate")["user.crt"] != former["user.crt"]


def test_users_without_a_secret(seen: Seen, strimzi: Strimzi) -> None:
    """status: username CN=… for tls-external; secret absent for tls-external / no authentication."""
    found = seen.ready(strimzi.user("leo", {"type": "tls-external"}, rule("topic", "orders", "Read")))
    assert found["status"].keys() == {"conditions", "observedGeneration", "username"}
    assert found["status"]["username"] == "CN=leo"
    assert "CN=leo" in seen.users.names()
    nobody = strimzi.user("mia", None, rule("topic", "orders", "Read"))
    del nobody["spec"]["authentication"]
    assert seen.ready(nobody)["status"]["username"] == "mia"
    assert seen.api.get(SECRET, "leo") is None
    assert seen.api.get(SECRET, "mia") is None


def test_a_name_that_a_certificate_cannot_hold(seen: Seen, strimzi: Strimzi) -> None:
    """TLS user name > 64 chars -> NotReady "…only up to 64 characters long."."""
    said = seen.refused(strimzi.user("n" * 65, {"type": "tls"}), "ExecutionException")
    assert said.endswith("only up to 64 characters long.")


def test_a_user_becomes_another_kind(seen: Seen, strimzi: Strimzi) -> None:
    """What the former kind had in Kafka is gone: each name that Kafka knows is one that a resource asks for."""
    seen.ready(strimzi.user("otto", None, rule("topic", "orders", "Read")))
    seen.ready(strimzi.user("otto", {"type": "tls"}, rule("topic", "orders", "Read")))
    wait_for(lambda: seen.users.names() & {"otto", "CN=otto"} == {"CN=otto"}, "the password is gone")
    assert "password" not in seen.secret("otto")


def test_a_paused_user_stays_as_it_is(seen: Seen, strimzi: Strimzi) -> None:
    """`strimzi.io/pause-reconciliation: "true"`: `ReconciliationPaused=True`."""
    user = strimzi.user("paul")
    seen.ready(user)
    paused = {**user["metadata"], "annotations": {"strimzi.io/pause-reconciliation": "true"}}
    seen.apply({**user, "metadata": paused})
    seen.condition(USER, "paul", "ReconciliationPaused")
    assert "paul" in seen.users.names()


@pytest.mark.parametrize(
    "spec",
    [
        {"authentication": {"type": "plain"}},
        {"authorization": {"type": "simple", "acls": [{"resource": {"type": "cluster"}, "operation": "All"}]}},
        {"authentication": {"type": "tls", "validityDays": 5}},
    ],
)
def test_what_the_schema_forbids_is_refused_by_the_api_server(
    strimzi: Strimzi, neighbours: ApiServer, spec: dict[str, Any]
) -> None:
    """`type: plain`, `operation:` rejected by the API server; validityDays, renewalDays: both or none."""
    manifest = {**strimzi.user("forbidden"), "spec": spec}
    path = f"/apis/kafka.strimzi.io/v1/namespaces/{strimzi.namespace}/kafkausers?fieldValidation=Strict"
    assert not neighbours.ask("POST", path, json=manifest).ok


def test_a_settled_user_is_written_no_more(seen: Seen, strimzi: Strimzi) -> None:
    """A status and a Secret are written when they change, however often the operator looks."""

    def versions() -> set[str]:
        there = seen.get(USER, "ruth"), seen.get(SECRET, "ruth"), seen.get(USER, "sam"), seen.get(SECRET, "sam")
        return {each["metadata"]["resourceVersion"] for each in there}

    seen.ready(strimzi.user("ruth"))
    seen.ready(strimzi.user("sam", {"type": "tls"}))
    before = versions()
    strimzi.kill()
    strimzi.start()
    seen.ready(strimzi.user("later"))
    assert versions() == before
