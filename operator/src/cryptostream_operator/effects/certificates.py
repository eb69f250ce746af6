"""Certificates of managed stores: a CA of their own, and leaves that it signs. Draws keys; reads no clock."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE: Final = timedelta(days=3650)
LEAF_LIFE: Final = timedelta(days=90)
SLACK: Final = timedelta(minutes=5)
"""How far back a certificate is valid: clocks differ."""


class Pair(msgspec.Struct, frozen=True):
    """A certificate and its key, both PEM."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Pair(…)"


class Life(msgspec.Struct, frozen=True):
    """From when to when a certificate is valid, and the hosts that it is for."""

    begins: datetime
    ends: datetime
    hosts: tuple[str, ...]


def make_authority(name: str, now: datetime) -> Pair:
    """A CA that signs itself and leaves below it, and no further CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _begun(subject, subject, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pair(certificate, key)


def make_leaf(authority: Pair, hosts: Iterable[str], now: datetime) -> Pair:
    """A server's certificate for `hosts`, signed by `authority`."""
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = serialization.load_pem_private_key(authority.key.encode(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the CA must be one that this program has made")
    names = tuple(hosts)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        _begun(subject, issuer.subject, key.public_key(), now, LEAF_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return _pair(certificate, key)


def life_of(certificate: str) -> Life:
    """When a PEM certificate is valid, and for whom; ValueError if it is none."""
    read = x509.load_pem_x509_certificate(certificate.encode())
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = tuple(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        hosts = ()
    return Life(read.not_valid_before_utc, read.not_valid_after_utc, hosts)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + life)
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return Pair(
        certificate.public_bytes(pem).decode(), key.private_bytes(pem, form, serialization.NoEncryption()).decode()
    )
