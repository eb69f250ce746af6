"""Settings of Kafka clients: what librdkafka is told, credentials from files, errors that name files, no secret."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from cryptostream.core.codec.service import KafkaAccess
from cryptostream.core.result import Err, Ok
from cryptostream.log.kafka_settings import CredentialWatch, KafkaSettings, MutualTls, Scram, connect, settings_of

SECRET = "correct horse"
FOLDER = Path("/etc/cryptostream")


class Spy:
    """A client that remembers what it was told."""

    def __init__(self, config: dict[str, Any] | None = None, **_: object) -> None:
        self.config = config or {}
        self.credentials: list[tuple[str, str]] = []

    def set_sasl_credentials(self, username: str, password: str) -> None:
        self.credentials.append((username, password))


@pytest.fixture
def scram(tmp_path: Path) -> Scram:
    (tmp_path / "username").write_text("majors\n")
    (tmp_path / "password").write_text(SECRET)
    return Scram(tmp_path / "username", tmp_path / "password")


def config_of(settings: KafkaSettings, **changes: object) -> dict[str, Any]:
    made = connect(Spy, settings, changes)
    assert isinstance(made, Ok), made
    return made.value.config


def error_of(settings: KafkaSettings, kind: Callable[..., object] = Spy) -> str:
    made = connect(kind, settings, {})
    assert isinstance(made, Err), made
    return made.error.detail


def test_access_becomes_settings_with_paths_from_the_configurations_folder() -> None:
    access = KafkaAccess(bootstrap="kafka:9093", username_file="user", password_file="/run/password", ca_file="ca.crt")
    scram = Scram(FOLDER / "user", Path("/run/password"))
    assert settings_of(access, FOLDER) == KafkaSettings("kafka:9093", scram, FOLDER / "ca.crt")


def test_each_kind_of_security_has_its_files() -> None:
    tls = KafkaAccess(bootstrap="kafka:9093", security="Tls", cert_file="user.crt", key_file="user.key")
    none = KafkaAccess(bootstrap="kafka:9092", security="None")
    assert settings_of(tls, FOLDER).security == MutualTls(FOLDER / "user.crt", FOLDER / "user.key")
    assert settings_of(none, FOLDER) == KafkaSettings("kafka:9092")


def test_without_security_nothing_is_encrypted_unless_there_is_an_authority(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").touch()
    assert config_of(KafkaSettings("kafka:9092"))["security.protocol"] == "plaintext"
    assert config_of(KafkaSettings("kafka:9093", ca_file=tmp_path / "ca.crt"))["security.protocol"] == "ssl"


def test_host_names_are_verified_wherever_a_connection_is_encrypted(scram: Scram) -> None:
    encrypted = KafkaSettings("kafka:9093", scram), KafkaSettings("kafka:9093", MutualTls(*scram_files(scram)))
    assert [config_of(each)["ssl.endpoint.identification.algorithm"] for each in encrypted] == ["https", "https"]


def scram_files(scram: Scram) -> tuple[Path, Path]:
    return scram.username_file, scram.password_file


def test_what_a_client_wants_overrules_what_all_have(scram: Scram) -> None:
    config = config_of(KafkaSettings("kafka:9093", scram), **{"reconnect.backoff.ms": 7})
    assert (config["reconnect.backoff.ms"], config["sasl.username"]) == (7, "majors")


def test_a_file_that_is_missing_or_empty_is_named(scram: Scram, tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    settings = KafkaSettings("kafka:9093", scram)
    assert f"{missing} cannot be read (No such file" in error_of(KafkaSettings("kafka:9093", ca_file=missing))
    scram.password_file.write_text("\n")
    assert f"{scram.password_file} is empty" in error_of(settings)
    scram.password_file.write_bytes(b"\xff")
    assert f"{scram.password_file} cannot be read (it is no UTF-8)" in error_of(settings)


def test_a_refused_property_is_an_error_without_the_secret(scram: Scram, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("no certificate")
    error = error_of(KafkaSettings("kafka:9093", scram, tmp_path / "ca.crt"), Producer)
    assert "no client for Kafka at kafka:9093" in error
    assert SECRET not in error


def test_changed_credentials_are_passed_on_once(scram: Scram) -> None:
    watch, client = CredentialWatch(KafkaSettings("kafka:9093", scram)), Spy()
    watch.look(client)
    assert not watch.look(client)
    scram.password_file.with_name("new").write_text("battery staple\n")
    scram.password_file.with_name("new").replace(scram.password_file)
    assert watch.look(client)
    assert not watch.look(client)
    assert client.credentials[-1] == ("majors", "battery staple")


def test_credentials_that_are_away_for_a_moment_stay_as_they_were(scram: Scram) -> None:
    watch, client = CredentialWatch(KafkaSettings("kafka:9093", scram)), Spy()
    watch.look(client)
    scram.password_file.unlink()
    assert not watch.look(client)
    scram.password_file.write_text("battery staple")
    assert watch.look(client)


def test_certificates_are_not_watched(tmp_path: Path) -> None:
    watch, client = CredentialWatch(KafkaSettings("kafka:9093", MutualTls(tmp_path / "a", tmp_path / "b"))), Spy()
    assert not watch.look(client)
    assert client.credentials == []
