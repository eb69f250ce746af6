"""Managing a real InfluxDB, as the operator does it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryptostream.core.resource.rights import BucketRight
from cryptostream.core.resource.store_spec import Bucket
from cryptostream.core.result import Err, Ok
from cryptostream_operator.effects.influxdb import Administrator, InfluxAdmin
from tests.support.parts.fixtures import authority, influx, influx_server, unique  # noqa: F401 - fixtures
from tests.support.parts.influx import ORG, Influx, RefusedError
from tests.support.parts.process import Server
from tests.support.stored import done


@pytest.fixture
def admin(influx: Influx) -> Iterator[InfluxAdmin]:  # noqa: F811 - the fixture
    admin = InfluxAdmin(influx.url, ORG, influx.token)
    yield admin
    admin.close()


@pytest.fixture
def name(unique: Callable[[str], str]) -> str:  # noqa: F811 - the fixture
    return unique("bucket")


def test_a_new_influxdb_is_set_up_once(tmp_path: Path) -> None:
    new = Influx(tmp_path)
    with Server.start(new):  # without the set-up that the part does for other tests
        admin = InfluxAdmin(new.url, "desk", "a-token-of-our-own-choice")
        administrator = Administrator("admin", "a-long-password", "a-token-of-our-own-choice", "desk")
        assert admin.onboard(administrator) == Ok(value=True)
        assert admin.onboard(administrator) == Ok(value=False)
        done(admin.ensure_bucket(Bucket("marketdata_raw")))
        admin.close()


def test_a_bucket_is_made_once_and_follows_its_retention(admin: InfluxAdmin, influx: Influx, name: str) -> None:  # noqa: F811
    first = done(admin.ensure_bucket(Bucket(name)))
    assert done(admin.ensure_bucket(Bucket(name))) == first
    assert done(admin.ensure_bucket(Bucket(name, retention_seconds=86_400, shard_seconds=3_600))) == first
    (found,) = influx._call("GET", "/api/v2/buckets", params={"name": name})["buckets"]
    (rule,) = found["retentionRules"]
    assert (rule["everySeconds"], rule["shardGroupDurationSeconds"]) == (86_400, 3_600)
    done(admin.ensure_bucket(Bucket(name)))
    (found,) = influx._call("GET", "/api/v2/buckets", params={"name": name})["buckets"]
    assert found["retentionRules"][0]["everySeconds"] == 0


def test_a_token_may_do_what_it_is_for_and_nothing_else(admin: InfluxAdmin, influx: Influx, name: str) -> None:  # noqa: F811
    for each in (name, f"{name}-other"):
        done(admin.ensure_bucket(Bucket(each)))
    token = done(admin.make_token("of a test", [BucketRight(name, read=True, write=True)]))
    assert token.value is not None
    influx.write(name, ["a,b=c d=1 1700000000000"], token=token.value)
    assert influx.flux(f'from(bucket: "{name}") |> range(start: 0)', token=token.value)
    with pytest.raises(RefusedError):
        influx.write(f"{name}-other", ["a,b=c d=1 1700000000000"], token=token.value)
    assert token.value not in repr(token)


def test_tokens_are_found_by_their_description_and_removed(admin: InfluxAdmin, influx: Influx, name: str) -> None:  # noqa: F811
    done(admin.ensure_bucket(Bucket(name)))
    token = done(admin.make_token(f"uid-of-{name}", [BucketRight(name, read=True, write=False)]))
    listed = [each for each in done(admin.tokens()) if each.description == f"uid-of-{name}"]
    assert [(each.id, each.value) for each in listed] == [(token.id, None)]
    assert admin.remove_token(token) == Ok(None)
    assert admin.remove_token(token) == Ok(None)
    with pytest.raises(RefusedError, match="401"):
        influx.flux(f'from(bucket: "{name}") |> range(start: 0)', token=token.value)


def test_what_cannot_be_done_is_said_without_a_secret(influx: Influx, name: str) -> None:  # noqa: F811
    stranger = InfluxAdmin(influx.url, ORG, "a-wrong-token")
    refused = stranger.ensure_bucket(Bucket(name))
    assert isinstance(refused, Err)
    assert refused.error.status == 401
    assert "a-wrong-token" not in str(refused)
    away = InfluxAdmin("http://127.0.0.1:1", ORG, "a-wrong-token").tokens()
    assert isinstance(away, Err)
    assert away.error.status == 0
