"""A stream in a cluster, and all that is around it: Kafka on this machine, the rest in pods of the chart's release."""

import json
import time
from base64 import b64decode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import urllib3

from tests.chaos.settle import settle
from tests.chaos.watch import Committed
from tests.e2e.pods import RESTRICTED, made
from tests.e2e.release import SIMULATOR, Release, previous
from tests.judge.exchange import Exchange
from tests.judge.findings import Findings, Verdict
from tests.judge.influx import TAGS, Influx
from tests.judge.judge import Judge
from tests.judge.stream import Declared, Series, Stream
from tests.support.parts.cluster import Cluster
from tests.support.parts.helm import Helm
from tests.support.parts.kafka import Kafka
from tests.support.parts.kubectl import Kubectl, Manifest, RefusedError
from tests.support.strimzi.part import Strimzi

NAMESPACE, NAME = "market", "sample"
COINS = ("BTC", "SOL")
ADDED = "ETH"
INTERVALS = ("1s", "1m")
HISTORY_SECONDS = 600
PORT = 9010
"""Of the simulated exchange."""
INDICATORS = (Declared("sma5", "SMA", {"timeperiod": 5}, 5),)
_PAGES = urllib3.PoolManager(timeout=2, retries=False)


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that runs, and where its pages are."""

    name: str
    address: str

    def status(self) -> dict[str, Any] | None:
        """Its `/status`, None if it cannot be had."""
        try:
            answer = _PAGES.request("GET", f"http://{self.address}:8080/status")
        except urllib3.exceptions.HTTPError:
            return None
        document: dict[str, Any] = json.loads(answer.data)
        return document if answer.status == 200 else None


class Secret(NamedTuple):
    namespace: str
    name: str
    key: str


class World:
    """Everything is up after `with`, in the version before this one; its stream is the chart's sample."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.kubectl: Kubectl = cluster.kubectl
        self._api = cluster.api
        self._ending = ExitStack()
        self.kafka = self._ending.enter_context(Kafka(folder / "kafka", address=cluster.machine.host))
        kubeconfig = cluster.api.kubeconfig()
        strimzi = Strimzi(folder / "strimzi", kubeconfig, self.kafka, namespace=NAMESPACE, garbage=False)
        self.strimzi = self._ending.enter_context(strimzi)
        start = int(time.time() - HISTORY_SECONDS) * 1000
        symbols = {f"{coin}USDC": (coin, "USDC") for coin in (*COINS, ADDED)}
        self.stream = Stream(f"{NAMESPACE}.{NAME}", symbols, INTERVALS, start, INDICATORS)
        self.until = start
        """Up to when (ms) everything had arrived at the last look."""
        helm = Helm(kubeconfig, folder / "helm")
        self.release = Release(helm, folder / "release", NAMESPACE, NAME, self.spec())

    # ------------------------------------------------------------ the resource

    def spec(self, coins: tuple[str, ...] = COINS, **fields: Any) -> dict[str, Any]:
        """The stream as a user writes it; `fields` take the place of those here."""
        begin = datetime.fromtimestamp(self.stream.start / 1000, UTC).isoformat(timespec="milliseconds")
        return {
            "coins": [*coins],
            "intervals": [*INTERVALS],
            "source": {"history": {"startTime": begin.replace("+00:00", "Z")}},
            "indicators": [{"name": e.name, "function": e.function, "params": dict(e.params)} for e in INDICATORS],
            "consumer": {"replicas": 1},
            **fields,
        }

    def resource(self, coins: tuple[str, ...] = COINS, **fields: Any) -> Manifest:
        """The whole resource, with Kafka and the simulated exchange, which the chart tells its sample."""
        exchange = f"{SIMULATOR}.{NAMESPACE}.svc:{PORT}"
        spec = self.spec(coins, **fields)
        endpoints = {"rest": [f"http://{exchange}"], "stream": [f"ws://{exchange}"]}
        spec |= {"source": spec["source"] | {"endpoints": endpoints}}
        spec |= {"kafka": {"cluster": {"namespace": self.strimzi.namespace, "name": self.strimzi.cluster}}}
        metadata = {"namespace": NAMESPACE, "name": NAME}
        return {"apiVersion": "cryptostream.io/v1alpha1", "kind": "CryptoStream", "metadata": metadata, "spec": spec}

    def get(self, *arguments: str) -> Manifest:
        return self.kubectl.get(*arguments, f"--namespace={NAMESPACE}")

    def conditions(self) -> Mapping[str, str]:
        """What the stream says of itself: the status of each condition."""
        told = self.get("cryptostream", NAME).get("status", {}).get("conditions", [])
        return {each["type"]: each["status"] for each in told}

    # ------------------------------------------------------------ its pods

    def pods(self, component: str) -> list[Pod]:
        """Those that run and are not about to end."""
        labels = f"app.kubernetes.io/component={component},app.kubernetes.io/part-of=cryptostream"
        answer = self._api.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/pods", params={"labelSelector": labels})
        running = [each for each in answer.json()["items"] if each["status"]["phase"] == "Running"]
        if component == "producer":
            self.judge.starts[:] = sorted({*self.judge.starts, *filter(None, map(_started, running))})
        living = (each for each in running if "deletionTimestamp" not in each["metadata"])
        return [Pod(each["metadata"]["name"], each["status"]["podIP"]) for each in living]

    @property
    def producer(self) -> Pod:
        """The producer as it is now; nobody answers in its name while there is none."""
        return next(iter(self.pods("producer")), Pod("no producer", "0.0.0.0"))

    def held(self) -> list[int]:
        """How many partitions each consumer holds."""
        told = (each.status() for each in self.pods("consumer"))
        return [len(each["partitions"]) for each in told if each is not None]

    def images(self) -> set[str]:
        """Those that the pods of the stream and its operator run."""
        found = (each for each in self.get("pods")["items"] if each["status"]["phase"] == "Running")
        return {container["image"] for each in found for container in each["spec"]["containers"]}

    # ------------------------------------------------------------ the truth

    @cached_property
    def _exchange(self) -> str:
        """The simulated exchange, at an address that stays when the release goes."""
        return f"http://{self.get('service', 'exchange')['spec']['clusterIP']}:{PORT}"

    @cached_property
    def market(self) -> Exchange:
        """It as the judge asks it; a connection to a pod that is gone says nothing for ever."""
        return Exchange(self._exchange, timeout=5)

    def links(self) -> tuple[int, int]:
        """How many WebSockets have been opened to it since it was started, and how many are open."""
        told = json.loads(_PAGES.request("GET", f"{self._exchange}/_answers").data)
        return sum(each["count"] for each in told["answers"] if each["status"] == 101), told["sockets"]

    @cached_property
    def influx(self) -> Influx:
        """As its administrator."""
        service = self.get("service", "default-influxdb")["spec"]["clusterIP"]
        ca = self.folder / "influxdb-ca.crt"
        ca.write_text(self.secret(NAMESPACE, "default-influxdb-ca", "ca.crt"))
        token, name = self.secret(NAMESPACE, "default-influxdb-admin", "token"), f"default-influxdb.{NAMESPACE}.svc"
        return Influx(f"https://{service}:8086", "cryptostream", token, str(ca), name=name)

    @cached_property
    def judge(self) -> Judge:
        """It comes to Kafka by a way of its own."""
        settings: dict[str, str | int] = {"bootstrap.servers": self.kafka.bootstrap, "log_level": 0}
        return Judge(self.stream, settings, self.influx, self.market)

    def stored(self) -> set[Series]:
        """The series of which both buckets hold something."""
        raw = self.influx.counts(self.stream.raw_bucket, "candle", "close", self.stream.name)
        enriched = self.influx.counts(self.stream.enriched_bucket, "indicators", "revision", self.stream.name)
        symbol, interval = TAGS.index("symbol"), TAGS.index("interval")
        return {Series(tags[symbol], tags[interval]) for tags in raw.keys() & enriched.keys()}

    @cached_property
    def committed(self) -> Committed:
        """What the consumers have committed."""
        found = Committed(self.kafka.bootstrap, self.stream)
        self._ending.callback(found.close)
        return found

    def settled(self) -> Findings:
        """Wait until all that has closed by now has arrived, and judge what has come since the last time."""
        self.until = settle(self, self.judge)
        return self.judge.look(self.until)

    def verdict(self) -> Verdict:
        """The same of everything since the beginning."""
        self.until = settle(self, self.judge)
        return self.judge.verdict(self.until)

    def kept(self) -> Verdict:
        """The same of what had arrived at the last look: the stream need not run."""
        return self.judge.verdict(self.until)

    def rotated(self) -> list[Secret]:
        """Those which a person deletes for new ones."""
        beside = self.strimzi.namespace
        users = self.kubectl.get("kafkausers", f"--namespace={beside}")["items"]
        passwords = (Secret(beside, f"{each['metadata']['name']}-password", "password") for each in users)
        return [*passwords, Secret(NAMESPACE, f"{NAME}-store", "token")]

    def secret(self, namespace: str, name: str, key: str) -> str:
        """What a Secret holds."""
        found = self.kubectl.get("secret", name, f"--namespace={namespace}")
        return b64decode(found["data"][key]).decode()

    def differs(self, secret: Secret, former: str) -> bool:
        """Whether it holds something else by now."""
        try:
            return self.secret(*secret) != former
        except RefusedError:
            return False

    def mounted(self, pod: Pod, file: str) -> str:
        """A file that a pod has of its Secrets."""
        return self.kubectl("exec", pod.name, f"--namespace={NAMESPACE}", "--", "cat", f"/etc/cryptostream/{file}")

    def __enter__(self) -> Self:
        with self._ending.pop_all() as ending:
            self.kafka.start()
            self._prepare()
            self.strimzi.start()
            self.release.install(previous(self.folder / "previous"))
            self._ending = ending.pop_all()
        return self

    def _prepare(self) -> None:
        """Everything that is there before the release is."""
        here = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": RESTRICTED}}
        before = {"selector": {"app.kubernetes.io/name": "cryptostream-simulator"}, "ports": [{"port": PORT}]}
        exchange = made("v1", "Service", NAMESPACE, "exchange", before)
        self.kubectl.apply(here, exchange)

    def __exit__(self, *_: object) -> None:
        self._ending.close()


def _started(pod: Manifest) -> int | None:
    """When its process was started (ms), if it runs."""
    (container,) = pod["status"].get("containerStatuses", [{}])
    at = container.get("state", {}).get("running", {}).get("startedAt")
    return None if at is None else int(datetime.fromisoformat(at).timestamp() * 1000)


def is_whole(world: World) -> bool:
    """What has closed by now has arrived once, in both buckets, as the judge of the fault matrix sees it."""
    findings = world.settled()
    assert findings.clean, findings
    return True
