"""A whole Kubernetes: API server, controllers, scheduler, and one node that runs pods.

    with Cluster(folder, images).start() as cluster:
        cluster.kubectl("run", "thing", "--image=…")

etcd and the API server are processes here; everything else is in a `Machine`. Pods reach this machine at
`machine.host`, and this machine reaches pods and services at their own addresses.
"""

import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

import requests
from urllib3.exceptions import InsecureRequestWarning

from tests.support.parts.cache import built
from tests.support.parts.catalogue import NODE
from tests.support.parts.kubectl import Kubectl
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.machine import DATA, Machine
from tests.support.parts.node import NAME, SOCKET, USER, Program, programs, write_node
from tests.support.parts.process import Server
from tests.support.parts.storage import storage

VOLUMES = [DATA / f"volume-{number}" for number in range(8)]


class Cluster:
    """`images` are archives, for pods to run. `start` returns when the node is ready for them.

    The default storage class has a few volumes, which are in memory.
    """

    def __init__(self, folder: Path, images: Iterable[Path] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.machine = Machine(folder / "machine")
        flags = (
            f"--advertise-address={self.machine.host}",
            f"--service-cluster-ip-range={self.machine.services}",
            "--disable-admission-plugins=",
        )
        self.api = ApiServer(folder / "api", {USER: ["system:nodes"]}, flags, address=self.machine.host)
        self.kubectl = Kubectl(self.api.kubeconfig(), folder / "kubectl")
        self.servers: dict[str, Server] = {}
        self._images = [built(NODE) / "pause.tar", *images]

    def start(self) -> Self:
        self.machine.start()
        write_node(self.folder / "node", self.machine, self.api)
        with ThreadPoolExecutor() as pool:
            loaded = pool.submit(self._load_images)
            self.api.start()
            started = pool.map(self._start, programs(self.folder / "node", self.machine, self.api))
            loaded.result()
            _ = [*started]
        self.machine.run("mkdir", *VOLUMES)
        self.kubectl.apply(*storage(VOLUMES))
        self.kubectl.wait("condition=Ready", f"node/{NAME}")
        return self

    def close(self) -> None:
        """Returns when nothing is left of it."""
        for server in self.servers.values():
            server.kill()
        self.machine.close()
        self.api.__exit__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, image: Path) -> None:
        """An image, for pods to run."""
        self._ctr("import", image)

    def tag(self, image: str, name: str) -> None:
        """The same image by another name."""
        self._ctr("tag", image, name)

    def _ctr(self, *command: str | Path) -> None:
        self.machine.run("ctr", f"--address={SOCKET}", "--namespace=k8s.io", "images", *command)

    def _load_images(self) -> None:
        """Into the runtime, which is started for it."""
        config = self.folder / "node" / "containerd.toml"
        self._begin("containerd", [f"--config={config}"], self.machine.seen(Path(SOCKET)).exists)
        for image in self._images:
            self.load(image)

    def _start(self, program: Program) -> None:
        self._begin(program.path, program.flags, partial(_says_ok, program.health))

    def _begin(self, program: str | Path, flags: Iterable[str], ready: Callable[[], bool]) -> None:
        name = Path(program).name
        server = Server(name, self.machine.inside([program, *flags]), self.folder / f"{name}.log", ready)
        self.servers[name] = server.start()


def _says_ok(address: str) -> bool:
    """A certificate that it shows is its own make."""
    try:
        with warnings.catch_warnings(), requests.Session() as session:
            warnings.simplefilter("ignore", InsecureRequestWarning)
            session.trust_env = False
            return session.get(address, verify=False, timeout=5).ok
    except requests.ConnectionError:
        return False
