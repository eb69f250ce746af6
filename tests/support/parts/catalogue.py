"""Which parts there are, and which of them a tier of tests needs."""

from tests.support.parts.cache import Part, Tool

GO = Tool("go", "install Go 1.23 or newer (Debian 12 has it in backports)", "golang-go")
CARGO = Tool("cargo", "install Rust, by rustup or as the package cargo", "cargo")
CC = Tool("gcc", "install a C compiler, the package gcc", "gcc")
PKG_CONFIG = Tool("pkg-config", "install pkg-config, the package pkgconf", "pkgconf")
JAVA = Tool("java", "install Java 17 or newer, the package openjdk-17-jre-headless", "openjdk-17-jre-headless")
MAVEN = Tool("mvn", "install Maven, the package maven", "maven")
SETPRIV = Tool("setpriv", "install util-linux, the package util-linux", "util-linux")
# Of a node of Kubernetes, and of images.
CONTAINERD = Tool("containerd", "install containerd 1.6 or newer", "containerd")
RUNC = Tool("runc", "install runc", "runc")
CNI = Tool(
    "/usr/lib/cni/ptp",
    "install the CNI plugins, the package containernetworking-plugins",
    "containernetworking-plugins",
)
IP = Tool("ip", "install iproute2", "iproute2")
IPTABLES = Tool("iptables", "install iptables", "iptables")
CONNTRACK = Tool("conntrack", "install conntrack", "conntrack")
APT_GET = Tool("apt-get", "use Debian 12, whose packages images are made of")
DEBOOTSTRAP = Tool("debootstrap", "install debootstrap", "debootstrap")
BUILDAH = Tool("buildah", "install buildah", "buildah")
PROMETHEUS_SERVER = Tool("prometheus", "install Prometheus, the package prometheus", "prometheus")

KAFKA = Part("kafka", "4.3.1", (MAVEN,), (JAVA, SETPRIV))
INFLUXDB = Part("influxdb", "2.7.12", (GO, CARGO, CC, PKG_CONFIG), (SETPRIV,))
KUBERNETES = Part("kubernetes", "1.34.4", (GO,), (SETPRIV,))
NODE = Part("node", "1.12.4", (GO,), (SETPRIV, CONTAINERD, RUNC, CNI, IP, IPTABLES, CONNTRACK))
BASE = Part("base", "1", (APT_GET, DEBOOTSTRAP))
WHEELS = Part("wheels", "1", (), sources=("uv.lock", "*/pyproject.toml"))
SOURCES = tuple(f"{package}/src/**/{kind}" for package in ("services", "operator") for kind in ("*.py", "*.json"))
IMAGES = Part(
    "images",
    "1",
    (BUILDAH,),
    parts=(BASE, WHEELS, INFLUXDB),
    sources=("uv.lock", "*/pyproject.toml", "*/README.md", *SOURCES, "Dockerfile", ".dockerignore"),
)
NEIGHBOURS = Part("crds", "1.2.0", (GO, MAVEN, JAVA))
PROMETHEUS = Part("prometheus", "2.42", (PROMETHEUS_SERVER,), (SETPRIV, PROMETHEUS_SERVER))
HELM = Part("helm", "3.19.5", (GO,))
LINTERS = Part("linters", "1.20.0", (GO,))
CHECKOV = Part("checkov", "3.3.30", ())

# A tier that is not named here needs Python only. What is soonest built comes first.
PARTS: dict[str, tuple[Part, ...]] = {
    "integration": (KAFKA, INFLUXDB),
    "operator": (NEIGHBOURS, KAFKA, HELM, LINTERS, CHECKOV, INFLUXDB, KUBERNETES),
    "e2e": (KAFKA, HELM, INFLUXDB, NEIGHBOURS, KUBERNETES, NODE, IMAGES, PROMETHEUS),
    "seen": (PROMETHEUS,),
    "chaos": (KAFKA, INFLUXDB),
    "bench": (KAFKA, INFLUXDB),
}
