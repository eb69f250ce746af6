"""What the operator renders for Strimzi is taken by Strimzi's part, and by the Kafka behind it."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.strimzi.seeing import Seen
from tests.support.data import ROOT
from tests.support.strimzi.api import SECRET, TOPIC, USER, Kind, Manifest
from tests.support.strimzi.part import Strimzi
from tests.support.strimzi.told import CLUSTER
from tests.support.strimzi.topics import config_of, name_of
from tests.support.strimzi.users import acls, password_reference, username

GOLDEN = [ROOT / f"tests/data/children/{name}.yaml" for name in ("minimal", "mutual-tls-monthly")]


def rendered(file: Path, kind: Kind, strimzi: Strimzi) -> list[Manifest]:
    """The topics or users of one stream, for the Kafka of these tests, which has one broker."""
    found = [each for each in yaml.safe_load_all(file.read_text()) if each["kind"] == kind.name]
    for each in found:
        each["metadata"]["namespace"] = strimzi.namespace
        each["metadata"]["labels"][CLUSTER] = strimzi.cluster
        each["spec"] |= {"replicas": 1} if kind is TOPIC else {}
    return found


def give_password(seen: Seen, user: Manifest) -> None:
    """The Secret that the user refers to, if it does."""
    reference = password_reference(user)
    if reference is not None:
        name, key = reference
        seen.api.apply(SECRET, name, {"metadata": {"name": name}, "stringData": {key: f"the password in {name}"}})


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_what_the_operator_renders_is_made(seen: Seen, strimzi: Strimzi, file: Path) -> None:
    """Each topic has the settings that the operator wants and no other, each user its rights and no other."""
    seen.ready(strimzi.kafka())
    for topic in rendered(file, TOPIC, strimzi):
        seen.ready(topic)
        there = seen.topic(name_of(topic))
        wanted = config_of(topic["spec"])
        assert {key: there.config[key] for key in wanted} == wanted
        assert there.own == wanted.keys()
    users = rendered(file, USER, strimzi)
    assert len(users) == 2
    for user in users:
        give_password(seen, user)
        found = seen.ready(user)
        assert seen.users.acls(f"User:{username(found)}") == acls(found, username(found))
