from typing import Any

import pytest

from cryptostream_operator.reconcile.decide import decide, stamp
from cryptostream_operator.reconcile.drift import drift, quantity
from cryptostream_operator.reconcile.values import Apply, Delete, Keep, Live, ref_of


def manifest(name: str = "one", kind: str = "ConfigMap", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "market"}, **fields}


def live(document: dict[str, Any], **more: Any) -> Live:
    return Live(ref_of(document), f"uid-{document['metadata']['name']}", {**document, **more})


def test_what_is_not_there_is_made() -> None:
    wanted = manifest(data={"a": "1"})
    assert decide([wanted], []) == (Apply(ref_of(wanted), stamp(wanted), "it is not there"),)


def test_what_is_as_it_should_be_is_kept() -> None:
    wanted = manifest(data={"a": "1"})
    assert decide([wanted], [live(dict(stamp(wanted)), status={"seen": True})]) == (Keep(ref_of(wanted)),)


def test_an_owned_field_that_was_edited_is_repaired_with_the_reason() -> None:
    wanted = manifest(data={"a": "1"})
    (action,) = decide([wanted], [live(manifest(data={"a": "2", "foreign": "x"}))])
    assert action == Apply(ref_of(wanted), stamp(wanted), "data.a is 2, not 1")


def test_a_field_that_is_left_out_from_now_on_is_a_reason_to_apply() -> None:
    before, wanted = manifest(spec={"a": 1, "b": 2}), manifest(spec={"a": 1})
    (action,) = decide([wanted], [live(dict(stamp(before)))])
    assert action == Apply(ref_of(wanted), stamp(wanted), "a field is no longer wanted")


def test_a_stamp_tells_nothing_of_a_secret() -> None:
    one, other = (manifest(kind="Secret", data={"password": text}) for text in ("aHVudGVyMg==", "b3RoZXI="))
    assert stamp(one)["metadata"] == stamp(other)["metadata"]


def test_what_nothing_asks_for_is_deleted_by_its_uid() -> None:
    old = manifest("old")
    assert decide([], [live(old)]) == (Delete(ref_of(old), "uid-old", "nothing asks for it any more"),)
    (action,) = decide([], [live(old)], {"ConfigMap": "the stream is suspended"})
    assert isinstance(action, Delete)
    assert action.reason == "the stream is suspended"


def test_what_is_being_deleted_is_left_alone() -> None:
    old = manifest("old")
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert decide([], [live(old)]) == ()


def test_a_reason_never_tells_a_secret() -> None:
    wanted = manifest(kind="Secret", data={"password": "aHVudGVyMg=="})
    (action,) = decide([wanted], [live(manifest(kind="Secret", data={"password": "b3RoZXI="}))])
    assert isinstance(action, Apply)
    assert action.reason == "data.password differs"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"replicas": 2}, {"replicas": 2, "paused": False}),
        ({"limits": {"cpu": "1000m", "memory": "1024Mi"}}, {"limits": {"cpu": "1", "memory": "1Gi"}}),
        (
            {"containers": [{"name": "main", "image": "a"}]},
            {"containers": [{"name": "side"}, {"name": "main", "image": "a"}]},
        ),
        ({"args": ["a", "b"]}, {"args": ["a", "b"]}),
        ({"selector": {}}, {}),
        ({"ports": []}, {}),
    ],
)
def test_defaults_and_other_writers_are_no_difference(wanted: object, found: object) -> None:
    assert drift(wanted, found) is None


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        ({"replicas": 2}, {"replicas": 1}, "replicas is 1, not 2"),
        ({"replicas": 2}, {}, "replicas is missing, not 2"),
        ({"args": ["a"]}, {"args": ["a", "b"]}, "args has 2 elements, not 1"),
        ({"args": ["a"]}, {"args": ["b"]}, "args[0] is b, not a"),
        (
            {"containers": [{"name": "main", "image": "a"}]},
            {"containers": [{"name": "main", "image": "b"}]},
            "containers[main].image is b, not a",
        ),
        ({"containers": [{"name": "main"}]}, {"containers": []}, "containers[main] is missing, not {'name': 'main'}"),
        ({"flag": True}, {"flag": False}, "flag is False, not True"),
        ({"limits": {"cpu": "100m"}}, {"limits": {"cpu": "1"}}, "limits.cpu is 1, not 100m"),
    ],
)
def test_the_first_difference_is_told(wanted: object, found: object, told: str) -> None:
    assert drift(wanted, found) == told


@pytest.mark.parametrize(("text", "number"), [("1Ki", 1024), ("1k", 1000), ("2", 2), (3, 3), ("1.5Gi", 1.5 * 2**30)])
def test_quantities_are_numbers(text: str | int, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["", "abc", "1Xi", "ki", True, None, 1.5])
def test_other_texts_are_no_quantities(text: object) -> None:
    assert quantity(text) is None
