"""The Deployments of a stream: one producer, some consumers. Pure."""

from typing import Any

from cryptostream.core.codec.service import config_hash
from cryptostream.core.resource.plan import Plan
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render import names
from cryptostream_operator.render.config_map import configuration
from cryptostream_operator.render.meta import metadata
from cryptostream_operator.render.pod import template
from cryptostream_operator.render.site import Site


def producer(spec: StreamSpec, plan: Plan, site: Site) -> dict[str, Any]:
    """One producer, ended before the next begins: two of them would fence each other in turn."""
    digest = config_hash(configuration(spec, plan, site, "producer"))
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(site.owner, names.producer(spec.name), "producer"),
        "spec": {
            "replicas": 0 if spec.suspend else 1,
            "revisionHistoryLimit": 3,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": dict(names.selector(spec.name, "producer"))},
            "template": template(spec, site, "producer", digest, spec.producer_pod),
        },
    }


def consumer(spec: StreamSpec, plan: Plan, site: Site) -> dict[str, Any]:
    """The consumers; where they are scaled by lag, their number belongs to the autoscaler."""
    digest = config_hash(configuration(spec, plan, site, "consumer"))
    scaled = spec.autoscaling is not None and site.served.scaled_object and not spec.suspend
    replicas = {} if scaled else {"replicas": 0 if spec.suspend else spec.consumer_replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(site.owner, names.consumer(spec.name), "consumer"),
        "spec": {
            **replicas,
            "revisionHistoryLimit": 3,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "selector": {"matchLabels": dict(names.selector(spec.name, "consumer"))},
            "template": template(spec, site, "consumer", digest, spec.consumer_pod),
        },
    }
