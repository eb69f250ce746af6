"""An InfluxDB v2 on loopback, in a folder of its own, set up with an administrator nobody else knows."""

import csv
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter

from cryptostream_operator.render.recovery import recovered
from tests.support.parts.cache import built
from tests.support.parts.catalogue import INFLUXDB
from tests.support.parts.ports import claim_port
from tests.support.parts.process import PATIENCE, Server
from tests.support.parts.tls import Leaf
from tests.support.parts.volume import Volume

ORG = "cryptostream"
Value = str | int | float | bool | None
Row = dict[str, Value]


class RefusedError(Exception):
    """InfluxDB did not do what it was asked; the message is its answer."""


class Influx(Server):
    """The server; `start` sets it up the first time, and later as a managed store starts. With a `leaf` it speaks TLS.

    With `disk_megabytes` all it stores is on a disk of that size, `volume`, which can be filled. A shard that could not
    write then refuses all writes until InfluxDB is restarted, even if there is space again. Points that were refused
    can be read until then, and are gone afterwards.
    """

    def __init__(self, folder: Path, *, leaf: Leaf | None = None, disk_megabytes: int | None = None) -> None:
        self.port = claim_port()
        self._leaf = leaf
        self.token = secrets.token_urlsafe(32)
        self.volume = Volume(folder / "data", disk_megabytes) if disk_megabytes else None
        command = _command(built(INFLUXDB), self.port, folder / "data", leaf)
        inside = self.volume.inside if self.volume else list
        self._itself, self._as_managed = inside(command), inside(recovered(command, claim_port()))
        self._is_set_up = False
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__("influxd", self._itself, folder / "influxd.log", self._answers)

    @property
    def url(self) -> str:
        return f"http{'s' if self._leaf else ''}://127.0.0.1:{self.port}"

    def start(self, patience: float = PATIENCE) -> Self:
        return self._start(self._as_managed if self._is_set_up else self._itself, patience)

    def start_at_once(self, patience: float = PATIENCE) -> Self:
        """Start as InfluxDB does by itself, which may lose what it acknowledges from then on."""
        return self._start(self._itself, patience)

    def _start(self, command: Sequence[str | Path], patience: float) -> Self:
        self.command = tuple(map(str, command))
        super().start(patience)
        if self._call("GET", "/api/v2/setup")["allowed"]:
            me = {"username": "admin", "password": secrets.token_urlsafe(32), "token": self.token}
            self._call("POST", "/api/v2/setup", json={**me, "org": ORG, "bucket": "unused"})
        self._is_set_up = True
        return self

    def create_bucket(self, name: str, retention_seconds: int = 0) -> None:
        """A bucket; 0 keeps points for ever."""
        rules = [{"type": "expire", "everySeconds": retention_seconds}] if retention_seconds else []
        self._call("POST", "/api/v2/buckets", json={"orgID": self._org(), "name": name, "retentionRules": rules})

    def delete_bucket(self, name: str) -> None:
        self._call("DELETE", f"/api/v2/buckets/{self._bucket(name)}")

    def create_token(self, *, read: Sequence[str] = (), write: Sequence[str] = ()) -> str:
        """A token that may read and write these buckets, and nothing else."""
        org = self._org()
        permissions = [
            {"action": action, "resource": {"type": "buckets", "id": self._bucket(name), "orgID": org}}
            for action, names in (("read", read), ("write", write))
            for name in names
        ]
        made = self._call("POST", "/api/v2/authorizations", json={"orgID": org, "permissions": permissions})
        return str(made["token"])

    def revoke_token(self, token: str) -> None:
        """It is unknown from now on."""
        known = self._call("GET", "/api/v2/authorizations")["authorizations"]
        (found,) = [each["id"] for each in known if each["token"] == token]
        self._call("DELETE", f"/api/v2/authorizations/{found}")

    def write(self, bucket: str, lines: Iterable[str], *, precision: str = "ms", token: str | None = None) -> None:
        """Stores lines of line protocol; raises `RefusedError`."""
        params = {"org": ORG, "bucket": bucket, "precision": precision}
        self._ask("POST", "/api/v2/write", token=token, params=params, data="\n".join(lines).encode())

    def flux(self, query: str, *, token: str | None = None) -> list[Row]:
        """The rows of all result tables, with values as typed; times are milliseconds."""
        asked = {"query": query, "dialect": {"annotations": ["datatype"], "header": True}}
        answer = self._ask("POST", "/api/v2/query", token=token, params={"org": ORG}, json=asked)
        return list(_rows(answer.text))

    def points(self, bucket: str) -> list[Row]:
        """All that a bucket holds: one row a point, with its tags, its fields, `_measurement` and `_time`."""
        return self.flux(
            f'from(bucket: "{bucket}") |> range(start: 0, stop: 2200-01-01T00:00:00Z) '
            '|> drop(columns: ["_start", "_stop"]) '
            '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        )

    def __exit__(self, *_: object) -> None:
        self.kill()  # nobody reads its data any more
        if self.volume:
            self.volume.close()

    def _answers(self) -> bool:
        try:
            return self._ask("GET", "/health").ok
        except (RefusedError, requests.ConnectionError):
            return False

    def _org(self) -> str:
        return str(self._call("GET", "/api/v2/orgs", params={"org": ORG})["orgs"][0]["id"])

    def _bucket(self, name: str) -> str:
        (found,) = self._call("GET", "/api/v2/buckets", params={"name": name})["buckets"]
        return str(found["id"])

    def _call(self, method: str, path: str, **more: Any) -> Any:
        answer = self._ask(method, path, **more)
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, *, token: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Token {token or self.token}"}
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between a test and loopback
            if self._leaf:
                session.mount("https://", _Pinned(self._leaf))
                session.verify = False
            answer = session.request(method, self.url + path, headers=headers, timeout=60, **more)
        if not answer.ok:
            raise RefusedError(f"{answer.status_code} {answer.text}")
        return answer


class _Pinned(HTTPAdapter):
    """Trusts one certificate only, whoever it is for and however old: the administrator gets in where others do not."""

    def __init__(self, leaf: Leaf) -> None:
        self._fingerprint = leaf.fingerprint
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, assert_fingerprint=self._fingerprint, **more)


def _command(part: Path, port: int, data: Path, leaf: Leaf | None) -> list[str]:
    return [
        f"{part}/influxd",
        f"--http-bind-address=127.0.0.1:{port}",
        f"--bolt-path={data}/influxd.bolt",
        f"--sqlite-path={data}/influxd.sqlite",
        f"--engine-path={data}/engine",
        "--reporting-disabled",
        "--log-level=error",
        *([f"--tls-cert={leaf.cert}", f"--tls-key={leaf.key}"] if leaf else []),
    ]


def _rows(text: str) -> Iterator[Row]:
    """Annotated CSV: tables are apart by an empty line; each has a line of types and one of names."""
    for table in text.replace("\r\n", "\n").strip("\n").split("\n\n"):
        lines = [*csv.reader(table.split("\n"), strict=True), [], []]
        for line in filter(None, lines[2:]):
            cells = zip(*lines[:2], line, strict=True)
            row = {name: _value(kind, cell) for kind, name, cell in cells if name not in {"", "result", "table"}}
            if "error" in row:
                raise RefusedError(str(row["error"]))
            yield row


def _value(kind: str, cell: str) -> Value:
    match kind:
        case _ if not cell:
            return None
        case "long" | "unsignedLong":
            return int(cell)
        case "double":
            return float(cell)
        case "boolean":
            return cell == "true"
        case "dateTime:RFC3339" | "dateTime:RFC3339Nano":
            return round(datetime.fromisoformat(cell).timestamp() * 1000)
        case _:
            return cell
