"""What is rendered of a stream, as files to look at, and what must hold of all of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from cryptostream_operator.render import names
from tests.support.data import ROOT
from tests.support.golden import assert_golden
from tests.unit.operating.cases import CASES, STORE_CASES, Case, StoreCase

GOLDEN = ROOT / "tests/data/children"
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def pods(case: Case | StoreCase) -> Iterator[dict[str, Any]]:
    for manifest in case.render():
        if manifest["kind"] in {"Deployment", "StatefulSet"}:
            yield manifest["spec"]["template"]


@every_case
def test_children_are_those_of_the_golden_file(case: Case, request: pytest.FixtureRequest) -> None:
    """Apply → all children present and equal to the goldens"""
    assert_golden(request, GOLDEN / f"{case.name}.yaml", case.render())


@every_case
def test_the_same_resource_gives_the_same_children(case: Case) -> None:
    assert case.render() == case.render()


@every_case
def test_no_child_is_named_twice(case: Case) -> None:
    refs = [(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]) for each in case.render()]
    assert len(set(refs)) == len(refs)


@every_case
def test_children_belong_to_the_stream(case: Case) -> None:
    for each in case.render():
        metadata = each["metadata"]
        if metadata["namespace"] == "market":
            assert [owner["uid"] for owner in metadata["ownerReferences"]] == [case.site.owner.uid]
            assert metadata["labels"][names.STREAM] == "sample"
        else:
            assert metadata["labels"][names.OWNER] == case.site.owner.uid
            assert "ownerReferences" not in metadata


@pytest.mark.parametrize("case", STORE_CASES, ids=str)
def test_children_of_a_store_are_those_of_the_golden_file(case: StoreCase, request: pytest.FixtureRequest) -> None:
    assert_golden(request, GOLDEN / f"{case.name}.yaml", case.render())


@pytest.mark.parametrize("case", [*CASES, *STORE_CASES], ids=str)
def test_pods_are_restricted_and_have_no_token(case: Case | StoreCase) -> None:
    for template in pods(case):
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} <= container["resources"].keys()


@every_case
def test_nothing_secret_is_an_argument_or_in_the_environment(case: Case) -> None:
    for template in pods(case):
        for container in template["spec"]["containers"]:
            assert "env" not in container
            assert "envFrom" not in container
            assert container["args"][1:] == ["--config", "/etc/cryptostream/config/config.json"]


@every_case
def test_a_changed_configuration_rolls_the_pods_and_a_changed_list_of_coins_does_not(case: Case) -> None:
    changed = Case("changed", {**case.spec, "intervals": ["1m", "15m"]}, case.site)
    more_coins = Case("coins", {**case.spec, "coins": ["BTC", "ETH", "SOL"]}, case.site)
    assert [*pods(case)] != [*pods(changed)]
    assert [*pods(case)] == [*pods(more_coins)]


@every_case
def test_every_mounted_volume_is_there(case: Case) -> None:
    for template in pods(case):
        volumes = {each["name"] for each in template["spec"]["volumes"]}
        for container in template["spec"]["containers"]:
            mounts = container["volumeMounts"]
            assert {each["name"] for each in mounts} == volumes
            assert not any("subPath" in each for each in mounts)
