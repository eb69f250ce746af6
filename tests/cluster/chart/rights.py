"""Rights as the chart grants them, and as the API server's audit log shows them in use."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

Right = tuple[str, str, str]
"""API group, resource (with its subresource), verb."""


def granted(made: Iterable[Mapping[str, Any]], account: str) -> set[Right]:
    """What the rules allow that are bound to a ServiceAccount, wherever that is."""
    made = [*made]
    bound = {
        (each["roleRef"]["kind"], each["roleRef"]["name"])
        for each in made
        if each["kind"] in {"RoleBinding", "ClusterRoleBinding"}
        and account in {subject["name"] for subject in each["subjects"]}
    }
    rules = (rule for each in made if (each["kind"], each["metadata"]["name"]) in bound for rule in each["rules"])
    return {each for rule in rules for each in product(rule["apiGroups"], rule["resources"], rule["verbs"])}


def used(calls: Iterable[Mapping[str, Any]], user: str) -> set[Right]:
    """What `user` did, and was not refused. To apply what is not there needs the right to create, too."""
    done = [each for each in calls if each["user"]["username"] == user and "objectRef" in each]
    return {
        (each["objectRef"].get("apiGroup", ""), _resource(each["objectRef"]), verb)
        for each in done
        if each["responseStatus"]["code"] != 403
        for verb in {each["verb"], *(("create",) if each["responseStatus"]["code"] == 201 else ())}
    }


def _resource(reference: Mapping[str, str]) -> str:
    return "/".join(reference[key] for key in ("resource", "subresource") if key in reference)
