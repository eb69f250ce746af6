"""A stream in real pods: what a user does to it, and what befalls it. After each, nothing is lost and nothing is twice.

The tests stand in the order of a stream's life, and each leaves it running.
"""

from functools import partial

import pytest

from tests.e2e.release import SIMULATOR
from tests.e2e.world import ADDED, COINS, NAME, NAMESPACE, World, is_whole
from tests.support.parts.kubectl import Kubectl
from tests.support.parts.process import wait_for

HERE = f"--namespace={NAMESPACE}"
STREAM = f"cryptostream/{NAME}"
THREE = (*COINS, ADDED)
pytestmark = pytest.mark.timeout(300)


def test_a_resource_becomes_candles_in_both_buckets_and_is_ready(world: World, kubectl: Kubectl) -> None:
    """Real pods: apply → candles of all series in both buckets, `Ready`."""
    kubectl.apply(world.resource())
    due = {each for each in world.stream.series if each.symbol != f"{ADDED}USDC"}
    kubectl.wait("condition=StoreReady", STREAM, HERE, patience=100)
    wait_for(lambda: due <= world.stored(), "candles of all series are in both buckets", 60)
    kubectl.wait("condition=Ready", STREAM, HERE, patience=100)


def test_a_coin_is_added_and_no_connection_is_closed(world: World, kubectl: Kubectl) -> None:
    """A coin added → its candles flow within 15 s and no other series' connection was closed."""
    links = world.links()
    kubectl.apply(world.resource(THREE))
    wait_for(lambda: set(world.stream.series) <= world.stored(), "its candles flow", 15)
    assert world.links() == links
    assert links[1] == 1
    assert is_whole(world)


def test_consumers_are_scaled(world: World, kubectl: Kubectl) -> None:
    """Consumer scaled."""
    kubectl.apply(world.resource(THREE, consumer={"replicas": 2}))
    wait_for(lambda: world.held() == [9, 9], "both hold half of the partitions")
    assert is_whole(world)
    kubectl.apply(world.resource(THREE, consumer={"replicas": 1}))
    wait_for(lambda: world.held() == [18], "one holds all partitions")
    assert is_whole(world)


def test_a_stream_is_suspended_and_resumed(world: World, kubectl: Kubectl) -> None:
    """Suspended and resumed."""
    kubectl.apply(world.resource(THREE, suspend=True))
    wait_for(lambda: not world.pods("producer") and not world.pods("consumer"), "nothing runs")
    suspended = world.market.now()
    wait_for(lambda: world.market.now() > suspended + 5_000, "candles close that nobody takes")
    kubectl.apply(world.resource(THREE))
    assert is_whole(world)


@pytest.mark.parametrize("component", ["producer", "store"])
def test_a_pod_is_killed(world: World, kubectl: Kubectl, component: str) -> None:
    """InfluxDB's pod and a producer's pod killed."""
    (former,) = world.pods(component)
    kubectl("delete", "pod", former.name, HERE, "--force", "--grace-period=0")
    wait_for(lambda: world.pods(component) not in ([], [former]), "there is another one")
    assert is_whole(world)


def test_the_nodes_pods_are_evicted(world: World, kubectl: Kubectl) -> None:
    """The node's pods evicted."""
    kubectl("drain", "node", "--delete-emptydir-data", "--force", "--timeout=60s")
    kubectl("uncordon", "node")
    kubectl("rollout", "status", f"deployment/{SIMULATOR}", HERE)
    assert is_whole(world)


def test_secrets_are_rotated(world: World, kubectl: Kubectl) -> None:
    """Secrets rotated: passwords and token, under pods that run on, and which get in anew with what they have now."""
    pods = [*world.pods("producer"), *world.pods("consumer")]
    former = {each: world.secret(*each) for each in world.rotated()}
    for namespace, name, _ in former:
        kubectl("delete", "secret", name, f"--namespace={namespace}")
    for each, value in former.items():
        wait_for(partial(world.differs, each, value), f"{each} is another")
    assert is_whole(world)
    passwords = {world.secret(*each) for each in world.rotated() if each.key == "password"}
    wait_for(lambda: {world.mounted(each, "kafka/password") for each in pods} == passwords, "pods have them", 100)
    world.kafka.restart()
    assert is_whole(world)
    kubectl.wait("condition=Ready", STREAM, HERE, patience=100)
    assert [*world.pods("producer"), *world.pods("consumer")] == pods


def test_the_judge_finds_nothing_in_all_of_it(world: World) -> None:
    """The judge of the fault matrix finds nothing lost and nothing twice."""
    verdict = world.verdict()
    assert verdict.clean, verdict
    assert verdict.candles > 2_000
