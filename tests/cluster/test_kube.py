"""Kubernetes as the operator asks it, on a real API server."""

from typing import Any

import pytest
from kubernetes import client, config

from cryptostream.core.result import Err, Ok
from cryptostream_operator.effects.kube import Kube
from cryptostream_operator.reconcile.values import Live, Ref
from tests.support.parts.kubernetes import ApiServer
from tests.support.stored import done


def kube_of(api: ApiServer, user: str = "admin") -> Kube:
    settings: Any = client.Configuration()
    config.load_kube_config(  # type: ignore[no-untyped-call] # the client ships no types
        str(api.kubeconfig(user)), client_configuration=settings
    )
    return Kube(client.ApiClient(settings))


@pytest.fixture
def kube(api: ApiServer) -> Kube:
    return kube_of(api)


def config_map(name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "market", "labels": {"of": "test-kube"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def ref(name: str) -> Ref:
    return Ref("v1", "ConfigMap", "market", name)


def live(kube: Kube, name: str) -> Live:
    found: Live | None = done(kube.get(ref(name)))
    assert found is not None
    return found


def test_an_object_is_made_changed_and_removed(kube: Kube) -> None:
    done(kube.apply(config_map("one", a="1", b="2")))
    done(kube.apply(config_map("one", a="3")))
    found = live(kube, "one")
    assert found.manifest["data"] == {"a": "3"}
    assert kube.delete(ref("one"), found.uid) == Ok(None)
    assert kube.get(ref("one")) == Ok(None)
    assert kube.delete(ref("one"), found.uid) == Ok(None)


def test_fields_of_others_stay(kube: Kube, api: ApiServer) -> None:
    done(kube.apply(config_map("shared", a="1")))
    path = "/api/v1/namespaces/market/configmaps/shared"
    headers = {"Content-Type": "application/merge-patch+json"}
    assert api.ask("PATCH", path, json={"data": {"theirs": "x", "a": "9"}}, headers=headers).ok
    done(kube.apply(config_map("shared", a="1")))
    assert live(kube, "shared").manifest["data"] == {"a": "1", "theirs": "x"}


def test_only_the_object_that_was_meant_is_removed(kube: Kube) -> None:
    done(kube.apply(config_map("again", a="1")))
    former = live(kube, "again").uid
    done(kube.delete(ref("again"), former))
    done(kube.apply(config_map("again", a="1")))
    assert kube.delete(ref("again"), former) == Ok(None)
    assert live(kube, "again").uid != former


def test_objects_are_listed_by_label_over_pages(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cryptostream_operator.effects.kube.PAGE", 2)
    for number in range(5):
        document = config_map(f"many-{number}")
        document["metadata"]["labels"] = {"of": "many"}
        done(kube.apply(document))
    listed = done(kube.list("v1", "ConfigMap", "market", "of=many"))
    assert sorted(each.ref.name for each in listed) == [f"many-{number}" for number in range(5)]
    assert {each.ref.kind for each in listed} == {"ConfigMap"}


def test_a_kind_that_is_not_served_has_no_objects(kube: Kube) -> None:
    assert kube.list("unknown.example/v1", "KafkaTopic", "kafka") == Ok(())
    assert kube.get(Ref("unknown.example/v1", "Kafka", "kafka", "market")) == Ok(None)
    assert kube.serves("unknown.example/v1", "KafkaTopic") == Ok(value=False)
    assert kube.serves("cryptostream.io/v1alpha1", "CryptoStream") == Ok(value=True)
    assert kube.serves("apps/v1", "Deployment") == Ok(value=True)


def test_what_cannot_be_is_told_with_the_reason(kube: Kube) -> None:
    refused = kube.apply(config_map("Not-A-Name"))
    assert isinstance(refused, Err)
    assert (refused.error.status, refused.error.reason, refused.error.passing) == (422, "Invalid", False)
    assert "Not-A-Name" in refused.error.message


def test_an_object_is_made_once_and_replaced_in_turn(kube: Kube) -> None:
    first = done(kube.create(config_map("lock", holder="a")))
    again = kube.create(config_map("lock", holder="b"))
    assert isinstance(again, Err)
    assert again.error.status == 409
    mine = {**first.manifest, "data": {"holder": "b"}}
    done(kube.replace(mine))
    late = kube.replace({**first.manifest, "data": {"holder": "c"}})
    assert isinstance(late, Err)
    assert late.error.status == 409
    assert late.error.passing


def test_a_server_that_is_away_is_an_error_that_passes() -> None:
    settings: Any = client.Configuration(host="http://127.0.0.1:1")
    settings.retries = False
    away = Kube(client.ApiClient(settings)).get(ref("one"))
    assert isinstance(away, Err)
    assert away.error.passing
    assert away.error.status == 0
