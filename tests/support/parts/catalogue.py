"""Which parts there are, and which of them a tier of tests needs."""

from tests.support.parts.cache import Part, Tool

GO = Tool("go", "install Go 1.23 or newer (Debian 12 has it in backports)", "golang-go")
CARGO = Tool("cargo", "install Rust, by rustup or as the package cargo", "cargo")
CC = Tool("gcc", "install a C compiler, the package gcc", "gcc")
PKG_CONFIG = Tool("pkg-config", "install pkg-config, the package pkgconf", "pkgconf")
JAVA = Tool("java", "install Java 17 or newer, the package openjdk-17-jre-headless", "openjdk-17-jre-headless")
MAVEN = Tool("mvn", "install Maven, the package maven", "maven")
SETPRIV = Tool("setpriv", "install util-linux, the package util-linux", "util-linux")

KAFKA = Part("kafka", "4.3.1", (MAVEN,), (JAVA, SETPRIV))
INFLUXDB = Part("influxdb", "2.7.12", (GO, CARGO, CC, PKG_CONFIG), (SETPRIV,))
KUBERNETES = Part("kubernetes", "1.34.4", (GO,), (SETPRIV,))
NODE = Part("node", "1.12.4", (GO,))
NEIGHBOURS = Part("crds", "1.2.0", (GO, MAVEN, JAVA))

# A tier that is not named here needs Python only. What is soonest built comes first.
PARTS: dict[str, tuple[Part, ...]] = {
    "integration": (KAFKA, INFLUXDB),
    "operator": (NEIGHBOURS, INFLUXDB, KUBERNETES),
    "chaos": (KAFKA, INFLUXDB),
    "bench": (KAFKA, INFLUXDB),
}
