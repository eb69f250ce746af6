"""What services are told, as ConfigMaps: a static configuration for each role, the assignment apart. Pure."""

from typing import Any

from cryptostream.core.codec.service import KafkaAccess, ServiceConfig, StoreAccess, config_hash, encode
from cryptostream.core.resource.plan import Plan, Role
from cryptostream.core.resource.service_config import assignment, service_config
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.meta import metadata
from cryptostream_operator.render.pod import HOME, has_exchange_authority
from cryptostream_operator.render.site import Site


def configuration(spec: StreamSpec, plan: Plan, site: Site, role: Role) -> ServiceConfig:
    """The configuration of `role`, by the paths at which its pod has files."""
    return service_config(
        spec,
        plan,
        kafka=_kafka(spec, site),
        store=_store(site) if role == "consumer" else None,
        assignment_file=f"{HOME}/assignment/assignment.json",
        exchange_ca_file=f"{HOME}/exchange/ca.crt" if has_exchange_authority(spec, role) else None,
        simulated=site.simulated,
    )


def static(spec: StreamSpec, plan: Plan, site: Site, role: Role) -> dict[str, Any]:
    """The ConfigMap of `role`; its hash stands in the pod template, so that a change rolls the pods."""
    config = configuration(spec, plan, site, role)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(site.owner, names.config(spec.name, role), role, {names.CONFIG_HASH: config_hash(config)}),
        "data": {"config.json": encode(config).decode()},
    }


def assigned(spec: StreamSpec, site: Site) -> dict[str, Any]:
    """The ConfigMap with the symbols: it changes under running pods."""
    text = encode(assignment(spec, site.generation, site.banned_until)).decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(site.owner, names.assignment(spec.name), "producer"),
        "data": {"assignment.json": text},
    }


def _kafka(spec: StreamSpec, site: Site) -> KafkaAccess:
    folder = f"{HOME}/kafka"
    ca_file = f"{folder}/ca.crt" if site.kafka.own_ca else None
    security = spec.kafka.authentication if spec.kafka else "None"
    match security:
        case "ScramSha512":
            return KafkaAccess(
                bootstrap=site.kafka.bootstrap,
                security=security,
                ca_file=ca_file,
                username_file=f"{folder}/username",
                password_file=f"{folder}/password",
            )
        case "Tls":
            return KafkaAccess(
                bootstrap=site.kafka.bootstrap,
                security=security,
                ca_file=ca_file,
                cert_file=f"{folder}/user.crt",
                key_file=f"{folder}/user.key",
            )
        case "None":
            return KafkaAccess(bootstrap=site.kafka.bootstrap, security=security, ca_file=ca_file)


def _store(site: Site) -> StoreAccess:
    folder = f"{HOME}/store"
    return StoreAccess(
        url=site.store.url,
        org=site.store.org,
        token_file=f"{folder}/token",
        ca_file=f"{folder}/ca.crt" if site.store.own_ca else None,
    )
