"""The Kafka resource's status, its authorities and their renewal."""

from pathlib import Path

import pytest
from cryptography import x509

from tests.cluster.strimzi.seeing import Seen
from tests.support.parts.kafka import Kafka
from tests.support.parts.process import wait_for
from tests.support.strimzi.api import KAFKA, SECRET, Manifest
from tests.support.strimzi.authorities import CERT_GENERATION, KEY_GENERATION, RENEW, REPLACE
from tests.support.strimzi.part import Strimzi

CLUSTER = "events"


def ca(seen: Seen) -> bytes:
    return seen.secret(f"{CLUSTER}-cluster-ca-cert")["ca.crt"]


def annotate(seen: Seen, secret: str, annotation: str) -> None:
    seen.api.merge(SECRET, secret, {"metadata": {"annotations": {annotation: "true"}}})


def listeners(found: Manifest) -> dict[str, Manifest]:
    return {each["name"]: each for each in found["status"]["listeners"]}


def trusted(seen: Seen, folder: Path, authority: bytes) -> bool:
    """Whether somebody who trusts this authority is let in with a password."""
    (folder / "trusted.crt").write_bytes(authority)
    how = seen.kafka.scram("visitor", seen.secret("visitor")["password"].decode())
    return seen.may_list({**how, "ssl.ca.location": str(folder / "trusted.crt")}) is not None


@pytest.fixture
def kafka(seen: Seen, strimzi: Strimzi) -> Manifest:
    return seen.ready(strimzi.kafka())


def test_a_kafka_says_where_its_listeners_are(seen: Seen, kafka: Manifest, broker: Kafka) -> None:
    """Ready shape: conditions Ready=True, listeners, clusterId, kafkaVersion, kafkaMetadataVersion…"""
    status, told = kafka["status"], listeners(kafka)
    assert told["plain"]["bootstrapServers"] == broker.bootstrap
    assert told["scram"]["bootstrapServers"] == broker.scram_bootstrap
    host, _, port = broker.tls_bootstrap.rpartition(":")
    assert told["tls"]["addresses"] == [{"host": host, "port": int(port)}]
    assert told["tls"]["certificates"] == told["scram"]["certificates"] == [ca(seen).decode()]
    assert "certificates" not in told["plain"]
    assert len(status["clusterId"]) == 22
    assert (status["kafkaVersion"], status["operatorLastSuccessfulVersion"]) == ("4.3.1", "1.2.0")


def test_a_kafka_has_secrets_of_its_authorities(seen: Seen, kafka: Manifest) -> None:
    """Secret my-cluster-cluster-ca (ca.key), my-cluster-cluster-ca-cert (ca.crt ca.p12 ca.password), owner: Kafka."""
    for of in ("cluster", "clients"):
        assert seen.secret(f"{CLUSTER}-{of}-ca").keys() == {"ca.key"}
        assert seen.secret(f"{CLUSTER}-{of}-ca-cert").keys() >= {"ca.crt", "ca.p12", "ca.password"}
        metadata = seen.get(SECRET, f"{CLUSTER}-{of}-ca-cert")["metadata"]
        assert metadata["ownerReferences"][0]["uid"] == kafka["metadata"]["uid"]
        assert metadata["labels"]["strimzi.io/cluster"] == CLUSTER


def test_a_kafka_whose_broker_is_away_says_so(seen: Seen, kafka: Manifest, broker: Kafka) -> None:
    """NotReady=True, and Ready by itself when the broker is back."""
    del kafka
    broker.kill()
    try:
        seen.condition(KAFKA, CLUSTER, "NotReady", reason="TimeoutException")
    finally:
        broker.mend()
    seen.condition(KAFKA, CLUSTER, "Ready")


@pytest.mark.usefixtures("kafka")
def test_a_certificate_is_renewed_with_the_same_key(seen: Seen, strimzi: Strimzi, tmp_path: Path) -> None:
    """CA renewal: the broker goes on with its certificate, and those who trust the former one are let in."""
    seen.ready(strimzi.user("visitor"))
    former, name = ca(seen), f"{CLUSTER}-cluster-ca-cert"
    before = int(seen.get(SECRET, name)["metadata"]["annotations"][CERT_GENERATION])
    annotate(seen, name, RENEW)
    wait_for(lambda: ca(seen) != former, "there is a new certificate")
    annotations = wait_for(lambda: _settled(seen, name, RENEW), "the annotation is gone")
    assert int(annotations[CERT_GENERATION]) == before + 1
    wait_for(lambda: _told(seen, ca(seen)), "the listeners tell the new certificate")
    for each in (former, ca(seen)):
        wait_for(lambda each=each: trusted(seen, tmp_path, each), "both are trusted")  # type: ignore[misc]
    old, new = (x509.load_pem_x509_certificate(each) for each in (former, ca(seen)))
    assert (old.public_key(), old.subject) == (new.public_key(), new.subject)


@pytest.mark.usefixtures("kafka")
def test_a_key_is_replaced(seen: Seen, strimzi: Strimzi, tmp_path: Path) -> None:
    """CA renewal with a new key: the broker shows a certificate of it; the former authority stays in the Secret."""
    seen.ready(strimzi.user("visitor"))
    former, name = ca(seen), f"{CLUSTER}-cluster-ca"
    generation = int(seen.get(SECRET, name)["metadata"]["annotations"][KEY_GENERATION]) + 1
    wait_for(lambda: trusted(seen, tmp_path, former), "the former authority is trusted")
    annotate(seen, name, REPLACE)
    wait_for(lambda: ca(seen) != former, "there is a new certificate")
    wait_for(lambda: trusted(seen, tmp_path, ca(seen)), "the broker shows a certificate of the new authority")
    assert not trusted(seen, tmp_path, former)
    held = seen.secret(f"{name}-cert")
    assert former in [value for key, value in held.items() if key.startswith("ca-")]
    assert _settled(seen, name, REPLACE)[KEY_GENERATION] == str(generation)
    subject = x509.load_pem_x509_certificate(ca(seen)).subject.rfc4514_string()
    assert subject == f"CN=cluster-ca v{generation},O=io.strimzi"
    wait_for(lambda: _told(seen, ca(seen)), "the listeners tell the new certificate")


@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize("killed", [False, True])
def test_a_renewal_that_is_cut_short_is_finished(
    seen: Seen, strimzi: Strimzi, broker: Kafka, tmp_path: Path, *, killed: bool
) -> None:
    """What the Secrets say, the broker shows in the end, though it was held up, or Strimzi killed, in between."""
    seen.ready(strimzi.user("visitor"))
    former = ca(seen)
    broker.pause()
    try:
        annotate(seen, f"{CLUSTER}-cluster-ca", REPLACE)
        wait_for(lambda: ca(seen) != former, "there is a new certificate")
        seen.condition(KAFKA, CLUSTER, "NotReady", reason="TimeoutException")
        if killed:
            strimzi.kill()
    finally:
        broker.mend()
    strimzi.mend()
    wait_for(lambda: trusted(seen, tmp_path, ca(seen)), "the broker shows a certificate of the new authority")
    seen.condition(KAFKA, CLUSTER, "Ready")


@pytest.mark.usefixtures("kafka")
def test_a_kafka_that_is_made_again(seen: Seen, strimzi: Strimzi, tmp_path: Path) -> None:
    """CA Secrets go with the Kafka CR; the broker shows a certificate of the next one's authority."""
    seen.ready(strimzi.user("visitor"))
    seen.api.delete(KAFKA, CLUSTER)
    for of in ("cluster-ca", "cluster-ca-cert", "clients-ca", "clients-ca-cert"):
        seen.gone(SECRET, f"{CLUSTER}-{of}")
    strimzi.kill()
    strimzi.start()
    seen.ready(strimzi.kafka())
    wait_for(lambda: trusted(seen, tmp_path, ca(seen)), "the broker shows a certificate of the authority")


@pytest.mark.usefixtures("kafka")
def test_users_get_certificates_of_a_new_authority(seen: Seen, strimzi: Strimzi, tmp_path: Path) -> None:
    """The clients' authority is replaced: each user has a new certificate, and is let in with it."""
    seen.ready(strimzi.user("bob", {"type": "tls"}))
    former = seen.secret("bob")
    annotate(seen, f"{CLUSTER}-clients-ca", REPLACE)
    wait_for(lambda: seen.secret("bob")["user.crt"] != former["user.crt"], "there is a new certificate")
    how = seen.certificate("bob", tmp_path, ca(seen))
    wait_for(lambda: seen.may_list(how) is not None, "the broker trusts the new authority")


def _settled(seen: Seen, secret: str, annotation: str) -> dict[str, str]:
    """The annotations of a Secret, when what was asked for is done."""
    found: dict[str, str] = seen.get(SECRET, secret)["metadata"].get("annotations", {})
    return {} if annotation in found else found


def _told(seen: Seen, authority: bytes) -> bool:
    found = seen.get(KAFKA, CLUSTER)
    return bool(listeners(found)["scram"]["certificates"] == [authority.decode()])
