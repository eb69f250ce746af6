"""The way into the InfluxDB of a CandleStore, for the operator itself.

A managed one is asked by the address of its pod, under the name that its certificate is for: that works before its
Service does, and from outside the cluster's names.
"""

from cryptostream.core.resource.store_spec import External, Managed, StoreSpec
from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.effects.influxdb import InfluxAdmin
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.reconcile.pods import address
from cryptostream_operator.reconcile.values import Live, Ref, text
from cryptostream_operator.render import influxdb, names


def open_influx(kube: Kube, store: StoreSpec) -> Result[InfluxAdmin | None, KubeError]:
    """A client that has to be closed; None while there is no pod, or no Secret with a token."""
    match store.instance:
        case Managed() as managed:
            return _open_managed(kube, store, managed)
        case External() as external:
            return _open_external(kube, store, external)


def authority(kube: Kube, store: StoreSpec) -> Result[str | None, KubeError]:
    """The CA by which the certificate of the store is known; None if the system knows it."""
    match store.instance:
        case Managed(tls="Managed"):
            return _secret_text(kube, store.namespace, names.authority_secret(store.name), "ca.crt")
        case External(ca=ca) if ca is not None:
            return _secret_text(kube, store.namespace, ca.name, ca.key)
        case _:
            return Ok(None)


def _open_managed(kube: Kube, store: StoreSpec, managed: Managed) -> Result[InfluxAdmin | None, KubeError]:
    pod = kube.get(Ref("v1", "Pod", store.namespace, f"{names.store(store.name)}-0"))
    token = _secret_text(kube, store.namespace, names.admin_secret(store.name), "token")
    ca = authority(kube, store)
    if isinstance(pod, Err):
        return pod
    if isinstance(token, Err):
        return token
    if isinstance(ca, Err):
        return ca
    where = None if pod.value is None else _address(pod.value)
    if where is None or token.value is None:
        return Ok(None)
    scheme = "https" if managed.tls == "Managed" else "http"
    host = influxdb.host(store) if managed.tls == "Managed" else None
    return Ok(InfluxAdmin(f"{scheme}://{where}", influxdb.ORGANIZATION, token.value, ca.value, host=host))


def _address(pod: Live) -> str | None:
    return address(pod, "api")


def _open_external(kube: Kube, store: StoreSpec, external: External) -> Result[InfluxAdmin | None, KubeError]:
    token = _secret_text(kube, store.namespace, external.token.name, external.token.key)
    ca = authority(kube, store)
    if isinstance(token, Err):
        return token
    if isinstance(ca, Err):
        return ca
    if token.value is None or (external.ca is not None and ca.value is None):
        return Ok(None)
    return Ok(InfluxAdmin(external.url, external.org, token.value.strip(), ca.value))


def _secret_text(kube: Kube, namespace: str, name: str, key: str) -> Result[str | None, KubeError]:
    found = kube.get(Ref("v1", "Secret", namespace, name))
    if isinstance(found, Err):
        return found
    return Ok(None if found.value is None else text(found.value, key))
