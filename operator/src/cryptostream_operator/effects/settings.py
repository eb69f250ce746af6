"""What the operator is told: one YAML or JSON file, and flags that say where it runs. Nothing secret is in either."""

from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.reconcile.election import LENGTH
from cryptostream_operator.reconcile.observed import Settings
from cryptostream_operator.render.site import Images

SERVICES: Final = "ghcr.io/cryptostream/services:0.1.0"


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where `/metrics`, `/healthz` and `/readyz` are served."""

    host: str = "0.0.0.0"  # noqa: S104 - a pod's pages are asked from outside the pod
    port: int = 8080


class Leader(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The Lease by which one of several operators leads; without a namespace, that of the operator's pod."""

    name: str = "cryptostream-operator"
    namespace: str | None = None
    lease_seconds: int = LENGTH


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The configuration file.

    `namespaces` are those whose streams and stores are served, none for all. `kafka_namespaces` are those of Kafkas,
    where `namespaces` are given. `grants` are as in `Settings`.
    """

    images: Images = Images(services=SERVICES)
    namespaces: tuple[str, ...] = ()
    kafka_namespaces: tuple[str, ...] = ()
    grants: dict[str, tuple[str, ...]] = {}
    simulated: bool = False
    deletion_patience_seconds: int = 60
    resync_seconds: int = 600
    workers: int = 8
    http: Listen = Listen()
    leader: Leader = Leader()

    @property
    def settings(self) -> Settings:
        """What a reconcile needs of it."""
        return Settings(
            images=self.images,
            grants=self.grants,
            simulated=self.simulated,
            deletion_patience_seconds=self.deletion_patience_seconds,
        )

    @property
    def watched(self) -> tuple[str, ...]:
        """The namespaces that are looked at, none for all."""
        return tuple(dict.fromkeys((*self.namespaces, *self.kafka_namespaces))) if self.namespaces else ()


def read(file: Path | None) -> Result[Told, str]:
    """The configuration in a file, all defaults without one; or which field of it is wrong."""
    if file is None:
        return Ok(Told())
    try:
        document: Any = yaml.safe_load(file.read_text()) or {}
    except OSError as fault:
        return Err(f"{file} cannot be read: {fault.strerror}")
    except yaml.YAMLError as fault:
        return Err(f"{file} is no YAML: {fault}")
    try:
        return Ok(msgspec.convert(document, Told))
    except msgspec.ValidationError as fault:
        return Err(f"{file}: {fault}")
