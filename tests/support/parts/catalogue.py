"""Which parts there are, and which of them a tier of tests needs."""

from tests.support.parts.cache import Part, Tool

GO = Tool("go", "install Go 1.23 or newer (package golang-go)")
CARGO = Tool("cargo", "install Rust 1.72 or newer (rustup, or the packages cargo and rustc)")
CC = Tool("gcc", "install a C compiler (package gcc)")
JAVA = Tool("java", "install Java 17 or newer (package openjdk-17-jre-headless)")
MAVEN = Tool("mvn", "install Maven 3.6 or newer (package maven)")
SETPRIV = Tool("setpriv", "install util-linux 2.33 or newer (package util-linux)")

KAFKA = Part("kafka", "4.3.1", (JAVA, MAVEN, SETPRIV))
INFLUXDB = Part("influxdb", "2.7.12", (GO, CARGO, CC, SETPRIV))

# A tier that is not named here needs Python only. Order: what is soonest ready first.
PARTS: dict[str, tuple[Part, ...]] = {
    "integration": (KAFKA, INFLUXDB),
    "chaos": (KAFKA, INFLUXDB),
    "bench": (KAFKA, INFLUXDB),
}
