"""The authorities of one Kafka in Secrets, as Strimzi's Cluster Operator keeps them: of its brokers, of its clients.

`<cluster>-cluster-ca` and `<cluster>-clients-ca` hold the keys, those with `-cert` the certificates. An annotation on
one of them asks for a new certificate, or for a new key; what was trusted before stays in the Secret beside it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.strimzi import certificates
from tests.support.strimzi.api import KAFKA, SECRET, Api, Manifest
from tests.support.strimzi.certificates import Pair
from tests.support.strimzi.opaque import labels, opened, sealed
from tests.support.strimzi.told import annotated
from tests.support.strimzi.users import Clients, InvalidResourceError, new_password

Of = Literal["cluster", "clients"]
RENEW, REPLACE = "strimzi.io/force-renew", "strimzi.io/force-replace"
CERT_GENERATION, KEY_GENERATION = "strimzi.io/ca-cert-generation", "strimzi.io/ca-key-generation"
MANAGER = "strimzi-cluster-operator"


@dataclass(frozen=True, slots=True)
class Authority:
    """One as it is: what it signs with, what else is trusted by key in the Secret, and how often it was changed."""

    pair: Pair
    former: dict[str, bytes]
    cert_generation: int = 0
    key_generation: int = 0

    @property
    def trusted(self) -> list[bytes]:
        return [self.pair.cert, *self.former.values()]


def given(folder: Path) -> Authority:
    """The one of the file `ca.key`; `ca.crt` holds its certificate, and by and by others that are trusted."""
    return Authority(certificates.paired((folder / "ca.crt").read_bytes(), (folder / "ca.key").read_bytes()), {})


def clients(api: Api, cluster: str) -> Clients:
    """What the User Operator needs to sign; `InvalidResourceError` if the Cluster Operator has not made it yet."""
    cert = opened(api.get(SECRET, f"{cluster}-clients-ca-cert")).get("ca.crt")
    key = opened(api.get(SECRET, f"{cluster}-clients-ca")).get("ca.key")
    if cert is None or key is None:
        raise InvalidResourceError(f"CA of the clients of {cluster} in namespace {api.namespace} not found")
    return Clients(cert, Pair(cert, key))


def keep(api: Api, owner: Manifest, of: Of, first: Authority) -> Authority:
    """The authority as its Secrets ask for it. `first` is that of a new Kafka."""
    name = f"{owner['metadata']['name']}-{of}-ca"
    key, cert = api.get(SECRET, name), api.get(SECRET, f"{name}-cert")
    if key is None or cert is None:
        _write(api, owner, name, first)
        return first
    there = _read(key, cert)
    wanted = _replaced(there, of) if annotated(key, REPLACE, "true") else there
    if wanted is there and annotated(cert, RENEW, "true"):
        wanted = _renewed(there)
    if wanted is not there:
        _write(api, owner, name, wanted)
        _heed(api, name)
    return wanted


def _read(key: Manifest, cert: Manifest) -> Authority:
    held = opened(cert)
    former = {name: held[name] for name in sorted(held) if name.startswith("ca-")}
    told, key_told = cert["metadata"].get("annotations", {}), key["metadata"].get("annotations", {})
    pair = Pair(held["ca.crt"], opened(key)["ca.key"])
    return Authority(pair, former, int(told.get(CERT_GENERATION, 0)), int(key_told.get(KEY_GENERATION, 0)))


def _renewed(there: Authority) -> Authority:
    """A new certificate of the same key."""
    return Authority(certificates.prolonged(there.pair), there.former, there.cert_generation + 1, there.key_generation)


def _replaced(there: Authority, of: Of) -> Authority:
    """A new key; the former certificate is trusted until it ends."""
    generation = there.key_generation + 1
    ends = there.pair.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H-%M-%SZ")
    former = {**there.former, f"ca-{ends}.crt": there.pair.cert}
    return Authority(certificates.authority(f"{of}-ca v{generation}"), former, there.cert_generation + 1, generation)


def _write(api: Api, owner: Manifest, name: str, wanted: Authority) -> None:
    cluster = owner["metadata"]["name"]
    said = labels(cluster, KAFKA.name, cluster, MANAGER)
    owned = {**owner, "kind": KAFKA.name}
    password = new_password()
    store = certificates.trust_store(wanted.trusted, password)
    data = {"ca.crt": wanted.pair.cert, "ca.p12": store, "ca.password": password.encode(), **wanted.former}
    told = {CERT_GENERATION: str(wanted.cert_generation)}
    key_told = {KEY_GENERATION: str(wanted.key_generation)}
    api.apply(SECRET, name, sealed(name, owned, {"ca.key": wanted.pair.key}, said, key_told))
    api.apply(SECRET, f"{name}-cert", sealed(f"{name}-cert", owned, data, said, told))


def _heed(api: Api, name: str) -> None:
    """What was asked for is done."""
    api.merge(SECRET, name, {"metadata": {"annotations": {REPLACE: None}}})
    api.merge(SECRET, f"{name}-cert", {"metadata": {"annotations": {RENEW: None}}})
