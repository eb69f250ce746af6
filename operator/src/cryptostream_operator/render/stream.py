"""Every child of a stream but its secrets, in the order in which they are made. Pure."""

from typing import Any

from cryptostream.core.resource.plan import Plan, Role
from cryptostream.core.resource.spec import StreamSpec
from cryptostream_operator.render import around_pods, config_map, deployment, network_policy, strimzi
from cryptostream_operator.render.site import Site

ROLES: tuple[Role, Role] = ("producer", "consumer")


def in_namespace(spec: StreamSpec, plan: Plan, site: Site) -> tuple[dict[str, Any], ...]:
    """The children in the namespace of the stream: what pods need comes before them."""
    made = (
        *(around_pods.account(spec, site, role) for role in ROLES),
        *(config_map.static(spec, plan, site, role) for role in ROLES),
        config_map.assigned(spec, site),
        *(network_policy.network_policy(spec, site, role) for role in ROLES),
        *(around_pods.service(spec, site, role) for role in ROLES),
        deployment.producer(spec, plan, site),
        deployment.consumer(spec, plan, site),
        around_pods.disruption_budget(spec, site),
        around_pods.scaled_object(spec, site),
        *(around_pods.pod_monitor(spec, site, role) for role in ROLES),
    )
    return tuple(each for each in made if each is not None)


def in_kafka(spec: StreamSpec, plan: Plan, site: Site) -> tuple[dict[str, Any], ...]:
    """The children beside a Strimzi Kafka; none for any other."""
    if not site.kafka.cluster:
        return ()
    topics = tuple(strimzi.topic(site, each) for each in plan.topics)
    return (*topics, *(strimzi.user(spec, plan, site, each) for each in plan.users))
