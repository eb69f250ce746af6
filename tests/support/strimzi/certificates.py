"""Certificates as Strimzi makes them: its authorities, its users, its brokers. Pure but for the clock and randomness.

Keys are of the curve P-256, where Strimzi takes RSA: nothing that reads them can tell but by looking, and they cost
no time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
Says = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key (PKCS#8), both PEM."""

    cert: bytes
    key: bytes

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.cert)

    @property
    def private(self) -> EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self.key, None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return key


def authority(name: str) -> Pair:
    """One that signs itself, as `O=io.strimzi, CN=name`, with a new key."""
    subject = _name((NameOID.ORGANIZATION_NAME, "io.strimzi"), (NameOID.COMMON_NAME, name))
    return _authority(subject, generate_private_key(SECP256R1()))


def prolonged(former: Pair) -> Pair:
    """An authority again: the same name and key, so that who trusts one trusts what the other has signed."""
    return _authority(former.certificate.subject, former.private)


def _authority(subject: x509.Name, key: EllipticCurvePrivateKey) -> Pair:
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    signs = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, decipher_only=False, **usage)
    says: list[Says] = [(x509.BasicConstraints(ca=True, path_length=0), True), (signs, True)]
    return _signed(subject, subject, key, key, says=says, days=365)


def user(name: str, by: Pair, days: int = 365) -> Pair:
    """`CN=name`, for a client."""
    return _leaf(_name((NameOID.COMMON_NAME, name)), by, [], days)


def renewed(former: x509.Certificate, by: Pair) -> Pair:
    """A server's certificate again: the same name and hosts, another key and signer."""
    hosts = former.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return _leaf(former.subject, by, [(hosts, False)], 365)


def signed_by(cert: bytes, authority: bytes) -> bool:
    """Whether a certificate is of this authority, with the key that it has now."""
    try:
        x509.load_pem_x509_certificate(cert).verify_directly_issued_by(x509.load_pem_x509_certificate(authority))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def paired(certs: bytes, key: bytes) -> Pair:
    """A key with its own of some certificates."""
    public = Pair(b"", key).private.public_key()
    (own, *_) = (each for each in x509.load_pem_x509_certificates(certs) if each.public_key() == public)
    return Pair(own.public_bytes(serialization.Encoding.PEM), key)


def key_store(name: str, pair: Pair, authority: bytes, password: str) -> bytes:
    """A user's `user.p12`."""
    protection = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(
        name.encode(), pair.private, pair.certificate, [x509.load_pem_x509_certificate(authority)], protection
    )


def trust_store(certs: Sequence[bytes], password: str) -> bytes:
    """An authority's `ca.p12`, for Java."""
    trusted = [
        pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(cert), f"ca-{number}".encode())
        for number, cert in enumerate(certs)
    ]
    return pkcs12.serialize_java_truststore(trusted, serialization.BestAvailableEncryption(password.encode()))


def _leaf(subject: x509.Name, by: Pair, more: Sequence[Says], days: int) -> Pair:
    says = [(x509.BasicConstraints(ca=False, path_length=None), True), *more]
    key = generate_private_key(SECP256R1())
    return _signed(subject, by.certificate.subject, key, by.private, says=says, days=days)


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    by: EllipticCurvePrivateKey,
    *,
    says: Sequence[Says],
    days: int,
) -> Pair:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + days * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    for extension, critical in says:
        builder = builder.add_extension(extension, critical=critical)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), secret)


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])
