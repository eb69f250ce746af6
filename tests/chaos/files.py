"""The files that are mounted into a service: configuration, assignment, and credentials that can be rotated."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptostream.core.codec.service import KafkaAccess, Listen, StoreAccess, encode
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.plan import Plan, plan
from cryptostream.core.resource.service_config import assignment, service_config
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Ok
from tests.support.parts.ports import claim_port


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a service needs to get in; `token` is a consumer's alone."""

    user: str
    password: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where a service finds the others: addresses of links, and the certificate to trust."""

    kafka: str
    store: str | None
    org: str
    ca_file: Path


class Mounted:
    """The folder of one service. `port` is where its pages are."""

    def __init__(self, folder: Path, spec: StreamSpec, places: Places, credentials: Credentials) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = claim_port()
        self.user = credentials.user
        kafka = KafkaAccess(
            bootstrap=places.kafka,
            ca_file=str(places.ca_file),
            username_file=str(folder / "username"),
            password_file=str(folder / "password"),
        )
        store = None
        if places.store is not None:
            store = StoreAccess(url=places.store, org=places.org, token_file=str(folder / "token"))
        config = service_config(
            spec,
            plan(spec),
            kafka=kafka,
            store=store,
            assignment_file=str(folder / "assignment.json"),
            http=Listen(host="127.0.0.1", port=self.port),
            simulated=True,
        )
        self._write("config.json", encode(config))
        self._write("assignment.json", encode(assignment(spec, generation=1)))
        self._write("username", credentials.user.encode())
        self.set_password(credentials.password)
        if credentials.token is not None:
            self.set_token(credentials.token)

    @property
    def config(self) -> Path:
        return self.folder / "config.json"

    def set_password(self, password: str) -> None:
        self._write("password", password.encode())

    def set_token(self, token: str) -> None:
        self._write("token", token.encode())

    def _write(self, name: str, content: bytes) -> None:
        """At once, as a kubelet does, and for its owner's eyes only."""
        fresh = self.folder / f".{name}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(self.folder / name)


def spec_of(document: dict[str, Any], now: int) -> tuple[StreamSpec, Plan]:
    """The resource parsed, and its plan."""
    parsed = parse_stream(document, now)
    assert isinstance(parsed, Ok), parsed
    return parsed.value, plan(parsed.value)
