"""Secrets that the operator makes: what is in them is given, never made up here. Pure."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from cryptostream.core.resource.plan import KafkaUser, Role
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import elsewhere, kept, metadata
from cryptostream_operator.render.site import Owner, Site
from cryptostream_operator.render.strimzi import CLUSTER, PASSWORD, password_secret


def scram(spec: StreamSpec, site: Site, user: KafkaUser, password: str, ca: str | None) -> tuple[dict[str, Any], ...]:
    """The password of a user, beside the KafkaUser for Strimzi, and beside the pods with name and CA."""
    labels = {CLUSTER: site.kafka.cluster}
    return (
        _opaque(elsewhere(site.owner, site.kafka.namespace, password_secret(user), labels), {PASSWORD: password}),
        _opaque(
            metadata(site.owner, names.kafka_secret(spec.name, user.role), user.role),
            {"username": user.name, "password": password, **({"ca.crt": ca} if ca else {})},
        ),
    )


def mutual_tls(spec: StreamSpec, site: Site, role: Role, files: Mapping[str, str]) -> dict[str, Any]:
    """`user.crt`, `user.key` and `ca.crt` of a role, copied from what Strimzi made."""
    return _opaque(metadata(site.owner, names.kafka_secret(spec.name, role), role), files)


def authority(spec: StreamSpec, site: Site, role: Role, ca: str) -> dict[str, Any]:
    """The CA of a listener which asks nobody who they are."""
    return _opaque(metadata(site.owner, names.kafka_secret(spec.name, role), role), {"ca.crt": ca})


def store(stream: Owner, store: str, token: str, token_id: str, ca: str | None) -> dict[str, Any]:
    """The token of a stream's consumers, and the CA of their InfluxDB; it has the labels of both."""
    given = {"token": token, **({"ca.crt": ca} if ca else {})}
    meta = metadata(stream, names.store_secret(stream.name), "consumer", {names.TOKEN: token_id})
    return _opaque({**meta, "labels": {**meta["labels"], names.STORE: store}}, given)


def administrator(store: StoreSpec, owner: Owner, texts: Mapping[str, str]) -> dict[str, Any]:
    """The administrator of a managed InfluxDB: it stays with the volume, which cannot be set up twice."""
    return _opaque(kept(owner, names.admin_secret(store.name), "store"), texts)


def certificates(
    store: StoreSpec, owner: Owner, authority: Mapping[str, str], leaf: Mapping[str, str]
) -> tuple[dict[str, Any], ...]:
    """The CA of a managed InfluxDB, and the certificate that it signed."""
    return (
        _opaque(metadata(owner, names.authority_secret(store.name), "store"), authority),
        _opaque(metadata(owner, names.certificate_secret(store.name), "store"), leaf),
    )


def _opaque(meta: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    data = {name: b64encode(text.encode()).decode() for name, text in texts.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}
