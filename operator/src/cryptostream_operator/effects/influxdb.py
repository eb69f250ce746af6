"""Managing an InfluxDB v2: onboarding, buckets, tokens. Every fault of the world is a value; secrets are never told.

What is there already is found by name (buckets) or by description (tokens), so that everything may be done again.
"""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from cryptostream.core.resource.rights import BucketRight
from cryptostream.core.resource.store_spec import Bucket
from cryptostream.core.result import Err, Ok, Result, bind, map_ok

SECONDS: Final = 5.0
_DONE: Final = 300


class InfluxError(msgspec.Struct, frozen=True):
    """Why it was not done: the HTTP status (0 if nobody answered) and what was said."""

    status: int
    message: str


class Token(msgspec.Struct, frozen=True):
    """A token that InfluxDB made. `value` is told once, when it is made; None afterwards."""

    id: str
    description: str
    value: str | None = None

    def __repr__(self) -> str:
        return f"Token({self.id}, {self.description!r})"


class Administrator(msgspec.Struct, frozen=True):
    """Who owns a new InfluxDB."""

    name: str
    password: str
    token: str
    organization: str

    def __repr__(self) -> str:
        return f"Administrator({self.name!r})"


class InfluxAdmin:
    """One InfluxDB, as somebody whose token may make buckets and tokens in `organization`."""

    def __init__(
        self, url: str, organization: str, token: str, ca: str | None = None, *, host: str | None = None
    ) -> None:
        """`host` is the name that its certificate is for, where `url` has an address instead."""
        self._url = url
        self._organization = organization
        self._token = token
        named = {"server_hostname": host, "assert_hostname": host} if host else {}
        secure = {"ssl_context": ssl.create_default_context(cadata=ca), **named} if url.startswith("https") else {}
        self._pool = urllib3.PoolManager(retries=False, **secure)  # type: ignore[arg-type] # options by scheme

    def close(self) -> None:
        """End its connections."""
        self._pool.clear()

    def is_fresh(self) -> Result[bool, InfluxError]:
        """Whether nobody has set it up yet."""
        return map_ok(self._ask("GET", "/api/v2/setup"), lambda answer: bool(answer["allowed"]))

    def onboard(self, administrator: Administrator) -> Result[bool, InfluxError]:
        """Set up a new InfluxDB; False if that was done before."""
        fresh = self.is_fresh()
        if isinstance(fresh, Err) or not fresh.value:
            return fresh
        given = {
            "username": administrator.name,
            "password": administrator.password,
            "token": administrator.token,
            "org": administrator.organization,
            "bucket": "unused",
        }
        return map_ok(self._ask("POST", "/api/v2/setup", body=given), lambda _: True)

    def ensure_bucket(self, bucket: Bucket) -> Result[str, InfluxError]:
        """The id of the bucket, made if it is not there, with its retention and shard duration."""
        rule = {"type": "expire", "everySeconds": bucket.retention_seconds or 0}
        if bucket.shard_seconds is not None:
            rule["shardGroupDurationSeconds"] = bucket.shard_seconds
        found = self._find_bucket(bucket.name)
        if isinstance(found, Err):
            return found
        there = found.value
        if there is None:
            made = bind(self._organization_id(), lambda org: self._make_bucket(org, bucket.name, rule))
            return map_ok(made, _id_of)
        if not _fits(there["retentionRules"], rule):
            changed = self._ask("PATCH", f"/api/v2/buckets/{there['id']}", body={"retentionRules": [rule]})
            if isinstance(changed, Err):
                return changed
        return Ok(there["id"])

    def rules(self) -> Result[dict[str, dict[str, Any]], InfluxError]:
        """The rule of retention of each bucket, by name."""
        found = self._ask("GET", "/api/v2/buckets", {"org": self._organization, "limit": "100"})
        return map_ok(
            found, lambda page: {each["name"]: next(iter(each["retentionRules"]), {}) for each in page["buckets"]}
        )

    def erase(self, bucket: str, stream: str) -> Result[None, InfluxError]:
        """Remove all points of a stream; there may be no such bucket."""
        where = {"org": self._organization, "bucket": bucket}
        what = {"start": "1970-01-01T00:00:00Z", "stop": "2200-01-01T00:00:00Z", "predicate": f'stream="{stream}"'}
        done = self._ask("POST", "/api/v2/delete", where, what)
        return Ok(None) if isinstance(done, Ok) or done.error.status == 404 else done

    def tokens(self) -> Result[tuple[Token, ...], InfluxError]:
        """Every token of the organization, without its value."""
        found = self._ask("GET", "/api/v2/authorizations", {"org": self._organization})
        return map_ok(found, lambda page: tuple(_token(each) for each in page["authorizations"]))

    def make_token(self, description: str, rights: Iterable[BucketRight]) -> Result[Token, InfluxError]:
        """A new token that may do this and nothing else."""
        organization = self._organization_id()
        if isinstance(organization, Err):
            return organization
        permissions: list[dict[str, Any]] = []
        for right in rights:
            found = self._find_bucket(right.bucket)
            if isinstance(found, Err):
                return found
            if found.value is None:
                return Err(InfluxError(404, f"there is no bucket {right.bucket}"))
            resource = {"type": "buckets", "id": found.value["id"], "orgID": organization.value}
            actions = (("read", right.read), ("write", right.write))
            permissions += ({"action": name, "resource": resource} for name, may in actions if may)
        given = {"orgID": organization.value, "description": description, "permissions": permissions}
        made = self._ask("POST", "/api/v2/authorizations", body=given)
        return map_ok(made, lambda each: Token(each["id"], each["description"], each["token"]))

    def remove_token(self, token: Token) -> Result[None, InfluxError]:
        """Nobody gets in with it any more; one that is gone already is well."""
        done = self._ask("DELETE", f"/api/v2/authorizations/{token.id}")
        return Ok(None) if isinstance(done, Ok) or done.error.status == 404 else done

    def _organization_id(self) -> Result[str, InfluxError]:
        found = self._ask("GET", "/api/v2/orgs", {"org": self._organization})
        if isinstance(found, Err):
            return found
        known = found.value.get("orgs", [])
        return Ok(known[0]["id"]) if known else Err(InfluxError(404, f"there is no organization {self._organization}"))

    def _find_bucket(self, name: str) -> Result[dict[str, Any] | None, InfluxError]:
        found = self._ask("GET", "/api/v2/buckets", {"org": self._organization, "name": name})
        if isinstance(found, Err):
            return Ok(None) if found.error.status == 404 and name in found.error.message else found
        return Ok(next(iter(found.value["buckets"]), None))

    def _make_bucket(self, organization: str, name: str, rule: Mapping[str, Any]) -> Result[Any, InfluxError]:
        given = {"orgID": organization, "name": name, "retentionRules": [rule] if rule["everySeconds"] else []}
        return self._ask("POST", "/api/v2/buckets", body=given)

    def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> Result[Any, InfluxError]:
        url = f"{self._url}{path}?{urlencode(query)}" if query else self._url + path
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        sent = msgspec.json.encode(body) if body is not None else None
        try:
            answer = self._pool.request(method, url, body=sent, headers=headers, timeout=SECONDS)
        except HTTPError as fault:
            cause = fault.reason if isinstance(fault, MaxRetryError) else fault
            return Err(InfluxError(0, f"{self._url} does not answer: {type(cause).__name__}"))
        return _read(answer.status, answer.data)


def _read(status: int, data: bytes) -> Result[Any, InfluxError]:
    try:
        document = msgspec.json.decode(data) if data else None
    except msgspec.DecodeError:
        return Err(InfluxError(status, f"an answer that is no JSON (HTTP {status})"))
    if status < _DONE:
        return Ok(document)
    return Err(InfluxError(status, str((document or {}).get("message", f"HTTP {status}"))))


def _fits(rules: Iterable[Mapping[str, Any]], wanted: Mapping[str, Any]) -> bool:
    """Whether a bucket has what is wanted of it; a shard duration that nobody asks for is InfluxDB's."""
    there = next(iter(rules), {"everySeconds": 0})
    return all(there.get(name, 0) == value for name, value in wanted.items() if name != "type")


def _token(each: Mapping[str, Any]) -> Token:
    return Token(each["id"], each.get("description", ""))


def _id_of(made: Mapping[str, Any]) -> str:
    return str(made["id"])
