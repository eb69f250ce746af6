"""A certificate authority of a test, and what it signs. All files are PEM; keys are unencrypted, mode 0600."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = ("127.0.0.1", "localhost")
DAY = timedelta(days=1)
GOOD_FOR = 5 * DAY


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate and its key; `both` has the two in one file, as Kafka wants them."""

    cert: Path
    key: Path
    both: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hexadecimal."""
        return x509.load_pem_x509_certificate(self.cert.read_bytes()).fingerprint(hashes.SHA256()).hex()


class Authority:
    """Signs certificates for servers and clients, into files of `folder`. Trust `cert`; `ca.key` lies beside it."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = name
        self._key = generate_private_key(SECP256R1())
        self.cert = folder / "ca.crt"
        self.cert.write_bytes(self._sign(name, self._key, datetime.now(UTC) - DAY, _may_sign()))
        _replace(folder / "ca.key", _key_pem(self._key))

    def leaf(self, name: str, hosts: Sequence[str] = LOOPBACK) -> Leaf:
        """For `CN=name`, as a client, and as a server that is called one of `hosts`; asked again, a renewed one."""
        return self._leaf(name, hosts, datetime.now(UTC) - DAY)

    def expired(self, name: str, hosts: Sequence[str] = LOOPBACK) -> Leaf:
        """One that ran out a day ago."""
        return self._leaf(name, hosts, datetime.now(UTC) - GOOD_FOR - DAY)

    def _leaf(self, name: str, hosts: Sequence[str], start: datetime) -> Leaf:
        key = generate_private_key(SECP256R1())
        certificate, secret = self._sign(name, key, start, _is_called(hosts)), _key_pem(key)
        leaf = Leaf(*(self._folder / f"{name}.{end}" for end in ("crt", "key", "pem")))
        _replace(leaf.cert, certificate)
        _replace(leaf.key, secret)
        _replace(leaf.both, secret + certificate)
        return leaf

    def _sign(
        self, name: str, key: EllipticCurvePrivateKey, start: datetime, says: Sequence[x509.ExtensionType]
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(_common_name(name))
            .issuer_name(_common_name(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + GOOD_FOR)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        for each in says:
            builder = builder.add_extension(each, critical=isinstance(each, x509.BasicConstraints | x509.KeyUsage))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _may_sign() -> list[x509.ExtensionType]:
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    return [
        x509.BasicConstraints(ca=True, path_length=0),
        x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, decipher_only=False, **usage),
    ]


def _is_called(hosts: Sequence[str]) -> list[x509.ExtensionType]:
    return [
        x509.SubjectAlternativeName([_alternative(host) for host in hosts]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
    ]


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _replace(path: Path, content: bytes) -> None:
    """At once, so that nobody reads half a file, and readable by its owner only."""
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
