"""The programs of a node, as commands and the files that they read: containerd, kubelet, kube-proxy, CoreDNS.

All run inside a `Machine`; paths below `DATA` are the machine's. Pods' networks are pairs of interfaces, routed: no
bridge, so that every packet to a service and back passes the same rules.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.parts.cache import built
from tests.support.parts.catalogue import KUBERNETES, NODE
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.machine import DATA, Machine

NAME = "node"
USER = f"system:node:{NAME}"
DOMAIN = "cluster.local"
PAUSE = "localhost/pause:1"
SOCKET = "/run/containerd/containerd.sock"
_CONTAINERD = f"""
version = 2
root = "{DATA}/containerd"
state = "/run/containerd"
[grpc]
address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{{folder}}/cni"
"""
_COREFILE = """
.:53 {{
  bind {address}
  errors
  ready {address}:8181
  cache 5
  kubernetes {domain} {{
    kubeconfig {kubeconfig} test
    ttl 1
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, and the address at which it says that it is ready."""

    path: Path
    flags: tuple[str, ...]
    health: str


def write_node(folder: Path, machine: Machine, api: ApiServer) -> None:
    """All files of a node; `folder` is seen from inside, too."""
    (folder / "cni").mkdir(parents=True)
    (folder / "cni" / "pods.conflist").write_text(json.dumps(_network(machine)))
    (folder / "containerd.toml").write_text(_CONTAINERD.format(folder=folder))
    (folder / "kubelet.yaml").write_text(yaml.safe_dump(_kubelet(machine)))
    names = _COREFILE.format(address=machine.address, domain=DOMAIN, kubeconfig=api.kubeconfig())
    (folder / "Corefile").write_text(names)


def programs(folder: Path, machine: Machine, api: ApiServer) -> list[Program]:
    """All but containerd. The administrator's name serves all of them but kubelet, whose rights are its node's."""
    kubernetes, at = built(KUBERNETES), machine.address
    known = f"--kubeconfig={api.kubeconfig()}"
    controllers = (
        f"--service-account-private-key-file={api.folder}/accounts.key",
        f"--root-ca-file={api.ca_file}",
        "--use-service-account-credentials",
        "--leader-elect=false",
    )
    proxy = (
        f"--hostname-override={NAME}",
        "--proxy-mode=iptables",
        "--conntrack-max-per-core=0",
        f"--cluster-cidr={machine.pods}",
    )
    kubelet = (
        f"--kubeconfig={api.kubeconfig(USER)}",
        f"--config={folder}/kubelet.yaml",
        f"--root-dir={DATA}/kubelet",
        f"--hostname-override={NAME}",
        f"--node-ip={at}",
    )
    return [
        Program(kubernetes / "kube-controller-manager", (known, *controllers), f"https://{at}:10257/healthz"),
        Program(kubernetes / "kube-scheduler", (known, "--leader-elect=false"), f"https://{at}:10259/healthz"),
        Program(kubernetes / "kube-proxy", (known, *proxy), f"http://{at}:10256/healthz"),
        Program(kubernetes / "kubelet", kubelet, f"https://{at}:10250/healthz"),
        Program(built(NODE) / "coredns", (f"-conf={folder}/Corefile",), f"http://{at}:8181/ready"),
    ]


def _network(machine: Machine) -> Mapping[str, object]:
    routes = [{"dst": "0.0.0.0/0"}]
    addresses = {"type": "host-local", "subnet": machine.pods, "dataDir": f"{DATA}/addresses", "routes": routes}
    links = {"type": "ptp", "ipMasq": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [links, ports]}


def _kubelet(machine: Machine) -> Mapping[str, object]:
    """Whoever reaches its port may do everything: only this machine's host does."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": machine.address,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "syncFrequency": "15s",  # how late changed Secrets may reach pods; usually a minute, which a test need not wait
        "failSwapOn": False,
        "enforceNodeAllocatable": ["pods"],
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "clusterDomain": DOMAIN,
        "clusterDNS": [machine.address],
        "resolvConf": "",
        "volumePluginDir": f"{DATA}/plugins",
    }
