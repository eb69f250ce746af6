"""A Kubernetes API server with its etcd on loopback: no nodes, no controllers, every call written down.

It validates, defaults, admits and authorizes as any other does; nothing runs in it.
"""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import requests
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.parts.cache import ensure
from tests.support.parts.catalogue import KUBERNETES
from tests.support.parts.ports import claim_port
from tests.support.parts.process import PATIENCE, Server

ISSUER = "https://kubernetes.default.svc.cluster.local"
SERVICES = "10.96.0.0/16"
ADMIN = "admin"
# What a request says of itself when it is done; bodies are left out.
_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata"}],
}


class ApiServer(Server):
    """`start` brings up etcd too. `users` are names with their groups; each gets a token that `token(name)` tells.

    `flags` are its own, and take the place of those of the same name here; `address` is where it listens.
    """

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, Iterable[str]] = {},
        flags: Iterable[str] = (),
        *,
        address: str = "127.0.0.1",
    ) -> None:
        self.folder = folder
        self.address = address
        folder.mkdir(parents=True, exist_ok=True)
        self.port = claim_port()
        self._tokens = {name: secrets.token_urlsafe(24) for name in (ADMIN, *users)}
        self.audit_log = folder / "audit.log"
        self.etcd = _etcd(folder)
        _write_inputs(folder, self._tokens, {ADMIN: ["system:masters"], **users})
        flags = (f"--bind-address={address}", *flags)
        program = ensure(KUBERNETES) / "kube-apiserver"
        command: list[str | Path] = [program, *_flags(folder, self.port, self.etcd.url, flags)]
        super().__init__("kube-apiserver", command, folder / "kube-apiserver.log", self._answers, folder=folder)

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate that the server made for itself, which signs itself."""
        return self.folder / "certs" / "apiserver.crt"

    def token(self, user: str = ADMIN) -> str:
        return self._tokens[user]

    def start(self, patience: float = PATIENCE) -> Self:
        if not self.etcd.alive:
            self.etcd.start(patience)
        return super().start(patience)

    def kubeconfig(self, user: str = ADMIN, *, server: str | None = None) -> Path:
        """A file by which clients come in as `user`; `server` is another address, of a proxy say."""
        cluster = {"server": server or self.url, "certificate-authority": str(self.ca_file)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user, "namespace": "default"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
        }
        file = self.folder / f"{user.replace(':', '-')}.kubeconfig"
        file.write_text(yaml.safe_dump(document))
        file.chmod(0o600)
        return file

    def audit(self) -> Iterator[dict[str, Any]]:
        """Every request so far, oldest first: `verb`, `user`, `objectRef`, `responseStatus`…"""
        with self.audit_log.open() as lines:
            for line in lines:
                if line.endswith("\n"):
                    yield json.loads(line)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request as the administrator."""
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {self.token()}", **more.pop("headers", {})}
            return session.request(
                method, self.url + path, headers=headers, verify=str(self.ca_file), timeout=30, **more
            )

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.etcd.kill()

    def _answers(self) -> bool:
        try:
            return self.ca_file.exists() and self.ask("GET", "/readyz").ok
        except (requests.ConnectionError, OSError):
            return False


class _Etcd(Server):
    url: str


def _etcd(folder: Path) -> _Etcd:
    client, peer = claim_port(), claim_port()
    url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    command: list[str | Path] = [
        ensure(KUBERNETES) / "etcd",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]

    def ready() -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(f"{url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    etcd = _Etcd("etcd", command, folder / "etcd.log", ready, folder=folder)
    etcd.url = url
    return etcd


def _write_inputs(folder: Path, tokens: Mapping[str, str], users: Mapping[str, Iterable[str]]) -> None:
    """The files that the server is started with."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    (folder / "accounts.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / "accounts.pub").write_bytes(key.public_key().public_bytes(pem, public))
    (folder / "audit.yaml").write_text(yaml.safe_dump(_POLICY))
    (folder / "tokens.csv").write_text(
        "".join(f'{tokens[name]},{name},{name},"{",".join(groups)}"\n' for name, groups in users.items())
    )
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    provider = {"aescbc": {"keys": [{"name": "test", "secret": secret}]}}
    encryption = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": [provider, {"identity": {}}]}],
    }
    (folder / "encryption.yaml").write_text(yaml.safe_dump(encryption))
    for name in ("accounts.key", "tokens.csv", "encryption.yaml"):
        (folder / name).chmod(0o600)


def _flags(folder: Path, port: int, etcd: str, more: Iterable[str]) -> Iterable[str]:
    flags = (
        f"--etcd-servers={etcd}",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        f"--service-account-key-file={folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        f"--service-account-issuer={ISSUER}",
        f"--service-cluster-ip-range={SERVICES}",
        f"--encryption-provider-config={folder / 'encryption.yaml'}",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={folder / 'audit.log'}",
        "--audit-log-mode=blocking",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged",
        "--disable-admission-plugins=ServiceAccount",
        "--v=0",
        *more,
    )
    return {flag.partition("=")[0]: flag for flag in flags}.values()
