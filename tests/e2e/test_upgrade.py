"""The release is upgraded, taken back, removed and made again, under a stream: nothing is lost and nothing is twice.

The tests stand in this order. They come after those of the stream, whose data is the old data.
"""

import pytest

from tests.e2e.release import COLUMN, NEXT, OPERATING, SIMULATOR, TAG
from tests.e2e.world import ADDED, COINS, NAME, NAMESPACE, World, is_whole
from tests.support.parts.kubectl import Kubectl
from tests.support.parts.process import wait_for

HERE = f"--namespace={NAMESPACE}"
STREAM = f"cryptostream/{NAME}"
THREE = (*COINS, ADDED)
DEFINITION = "customresourcedefinition/cryptostreams.cryptostream.io"
pytestmark = pytest.mark.timeout(300)


def columns(kubectl: Kubectl) -> set[str]:
    """What `kubectl get` shows of a stream, as its definition says."""
    (version,) = kubectl.get(DEFINITION)["spec"]["versions"]
    return {each["name"] for each in version["additionalPrinterColumns"]}


def all_run(world: World, tag: str) -> bool:
    """Whether each pod of ours is of that image, and all that there should be run."""
    found = {each.rpartition("/")[2] for each in world.images()}
    ours = {each for each in found if not each.startswith("influxdb:")}
    there = all(world.pods(component) for component in ("producer", "consumer", "store"))
    return there and ours == {f"operator:{tag}", f"services:{tag}"}


def test_it_is_upgraded(world: World, kubectl: Kubectl) -> None:
    """`helm upgrade` … Upgrade and rollback keep streams and data (from a frozen copy of the previous chart and image
    tag, made in the test)"""
    kubectl.apply(world.resource(THREE))
    wait_for(lambda: set(world.stream.series) <= world.stored(), "all candles flow")
    assert is_whole(world)
    assert (world.release.chart(), COLUMN in columns(kubectl)) == ("cryptostream-0.0.9", False)
    world.release.upgrade()
    assert (world.release.chart(), COLUMN in columns(kubectl)) == ("cryptostream-0.1.0", True)
    wait_for(lambda: all_run(world, NEXT), "all pods are of the next image", 120)
    assert kubectl.get(f"deployment/{OPERATING}", HERE)["status"]["readyReplicas"] == 2
    assert is_whole(world)


def test_it_is_rolled_back(world: World, kubectl: Kubectl) -> None:
    """`helm rollback`"""
    world.release.rollback(1)
    assert (world.release.chart(), COLUMN in columns(kubectl)) == ("cryptostream-0.0.9", False)
    wait_for(lambda: all_run(world, TAG), "all pods are of the former image", 120)
    assert is_whole(world)


def test_its_stream_is_deleted(world: World, kubectl: Kubectl) -> None:
    """delete the stream … after each the judge finds nothing lost and nothing twice"""
    kubectl("delete", STREAM, HERE)
    wait_for(lambda: not world.pods("producer") and not world.pods("consumer"), "nothing runs")
    assert world.kept().clean


def test_it_is_uninstalled(world: World, kubectl: Kubectl) -> None:
    """`helm uninstall` … uninstall leaves resources and data"""
    (store,) = world.pods("store")
    stored = world.stored()
    world.release.uninstall()
    wait_for(lambda: not {OPERATING, SIMULATOR} & deployments(kubectl), "the release is gone")
    kubectl("get", "candlestore/default", f"kafka/{world.strimzi.cluster}", DEFINITION, HERE)
    assert world.pods("store") == [store]
    assert world.stored() == stored == set(world.stream.series)


def test_it_is_installed_again_on_the_old_data(world: World, kubectl: Kubectl) -> None:
    """install again on the old data; after each the judge finds nothing lost and nothing twice"""
    world.release.install(tag=NEXT)
    kubectl.wait("create", STREAM, HERE)
    kubectl.apply(world.resource(THREE))
    wait_for(lambda: all_run(world, NEXT), "all pods run again", 120)
    assert is_whole(world)
    verdict = world.verdict()
    assert verdict.clean, verdict
    assert verdict.candles > 2_000


def deployments(kubectl: Kubectl) -> set[str]:
    return {each["metadata"]["name"] for each in kubectl.get("deployments", HERE)["items"]}
