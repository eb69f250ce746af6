"""How this project's clients of Kafka connect: addresses, who they are, whom they trust, how much they hold.

Stands below the journal, the ledger and the reader, and publishes or reads nothing itself. Secrets are read from files
when a client is made, and again when the files change; they never come into an error's text or a log line.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec
from confluent_kafka import KafkaException

from cryptostream.core.codec.service import KafkaAccess
from cryptostream.core.ports import LogError
from cryptostream.core.result import Err, Ok, Result, map_ok

Config = dict[str, str | int | bool]
"""Properties of librdkafka, by its names."""

LOGGER: Final = logging.getLogger("kafka")
"""Where librdkafka's own lines go; clients hand them over when they are polled."""

RECONNECT: Final[Mapping[str, int]] = {
    # A broker that comes back is found within a second, one that does not answer is given up after ten.
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 1000,
    "socket.connection.setup.timeout.ms": 5000,
    "socket.timeout.ms": 9900,
    "topic.metadata.refresh.interval.ms": 60_000,
}
READ: Final[Mapping[str, str | int | bool]] = {
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # What waits to be polled: at most 16 MB a client, and one fetch more.
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 16_384,
    "fetch.message.max.bytes": 1_048_576,
    "fetch.max.bytes": 8_388_608,
    "fetch.wait.max.ms": 100,
}
"""What all readers have in common."""


class Scram(msgspec.Struct, frozen=True):
    """SCRAM-SHA-512 over TLS: name and password are the contents of files, which may be replaced at any time."""

    username_file: Path
    password_file: Path


class MutualTls(msgspec.Struct, frozen=True):
    """A client certificate and its key, PEM; a new one takes effect with the next start."""

    cert_file: Path
    key_file: Path


class KafkaSettings(msgspec.Struct, frozen=True):
    """Where Kafka is, and how a client proves who it is.

    With `security`, and where a `ca_file` is given, connections are encrypted and the broker's host name is verified.
    Without a `ca_file`, the certificates of the system are trusted.
    """

    bootstrap: str
    security: Scram | MutualTls | None = None
    ca_file: Path | None = None


def settings_of(access: KafkaAccess, folder: Path) -> KafkaSettings:
    """What a service's configuration says of Kafka; relative paths begin at `folder`."""

    def file(name: str | None) -> Path:
        return folder / (name or "")  # the parser saw to it that those a kind of security needs are given

    security: Scram | MutualTls | None = None
    match access.security:
        case "ScramSha512":
            security = Scram(file(access.username_file), file(access.password_file))
        case "Tls":
            security = MutualTls(file(access.cert_file), file(access.key_file))
        case "None":
            pass
    return KafkaSettings(access.bootstrap, security, file(access.ca_file) if access.ca_file else None)


class Client(Protocol):
    """A producer, consumer or administrator of confluent-kafka."""

    def set_sasl_credentials(self, username: str, password: str) -> None: ...


C = TypeVar("C")


def connect(kind: Callable[..., C], settings: KafkaSettings, config: Mapping[str, Any]) -> Result[C, LogError]:
    """A client of `kind` (`Producer`, `Consumer`, `AdminClient`) with `config` on top of what the settings say.

    `Err` where a file cannot be read or a property is refused. Whether there is a broker shows when it is used.
    """
    connection = _connection(settings)
    if isinstance(connection, Err):
        return connection
    try:
        return Ok(kind({**RECONNECT, **connection.value, **config}, logger=LOGGER))
    except KafkaException as error:
        return Err(LogError(f"no client for Kafka at {settings.bootstrap}: {error.args[0].str()}", fatal=True))


class CredentialWatch:
    """Passes credentials on to a client that is connected already, when their files change.

    `look` is cheap and is called before each use of the client, and while it waits for a broker.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._security = settings.security
        self._seen: tuple[object, ...] = ()  # the first look hands over what changed while the client was made

    def look(self, client: Client) -> bool:
        """Whether there were new credentials. A file that cannot be read is looked at again the next time."""
        if not isinstance(self._security, Scram) or (now := _fingerprint(self._security)) == self._seen:
            return False
        found = _credentials(self._security)
        if isinstance(found, Err):
            return False
        client.set_sasl_credentials(*found.value)
        self._seen = now
        return True


def _connection(settings: KafkaSettings) -> Result[Config, LogError]:
    if unreadable := next(filter(None, map(_unreadable, _certificates(settings))), None):
        return Err(unreadable)
    encrypted = settings.security is not None or settings.ca_file is not None
    tls: Config = {"ssl.endpoint.identification.algorithm": "https"} if encrypted else {}
    if settings.ca_file is not None:
        tls["ssl.ca.location"] = str(settings.ca_file)
    base: Config = {"bootstrap.servers": settings.bootstrap, "client.id": "cryptostream"}
    match settings.security:
        case Scram() as scram:
            return map_ok(
                _credentials(scram),
                lambda pair: {
                    **base,
                    **tls,
                    "security.protocol": "sasl_ssl",
                    "sasl.mechanism": "SCRAM-SHA-512",
                    "sasl.username": pair[0],
                    "sasl.password": pair[1],
                },
            )
        case MutualTls(cert_file, key_file):
            leaf: Config = {"ssl.certificate.location": str(cert_file), "ssl.key.location": str(key_file)}
            return Ok({**base, **tls, **leaf, "security.protocol": "ssl"})
        case None:
            return Ok({**base, **tls, "security.protocol": "ssl" if encrypted else "plaintext"})


def _certificates(settings: KafkaSettings) -> tuple[Path, ...]:
    trusted = () if settings.ca_file is None else (settings.ca_file,)
    security = settings.security
    return (*trusted, security.cert_file, security.key_file) if isinstance(security, MutualTls) else trusted


def _unreadable(file: Path) -> LogError | None:
    """Librdkafka does not say which file it could not read."""
    try:
        file.open("rb").close()
    except OSError as error:
        return LogError(f"{file} cannot be read ({error.strerror}): mount the certificate or key for Kafka there")
    return None


def _credentials(scram: Scram) -> Result[tuple[str, str], LogError]:
    texts = []
    for file in (scram.username_file, scram.password_file):
        try:
            text = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            return Err(LogError(f"{file} cannot be read ({reason}): mount the Secret with Kafka's credentials there"))
        if not text:
            return Err(LogError(f"{file} is empty: it must hold what the Secret with Kafka's credentials says"))
        texts.append(text)
    return Ok((texts[0], texts[1]))


def _fingerprint(security: Scram | MutualTls | None) -> tuple[object, ...]:
    """What changes when a file is written or replaced, or a link to it is turned, as kubelet does."""
    if not isinstance(security, Scram):
        return ()
    try:
        stats = [file.stat() for file in (security.username_file, security.password_file)]
    except OSError:
        return ()
    return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in stats)
