import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from cryptostream_operator.effects.certificates import Pair, life_of, make_authority, make_leaf
from cryptostream_operator.reconcile.renewal import reason_to_renew, renew_at

NOW = datetime.now(UTC).replace(microsecond=0)
HOSTS = ("default-influxdb.market.svc", "localhost")


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make_authority("default.market", NOW)


def greeted(folder: Path, leaf: Pair, authority: Pair, host: str) -> str:
    """What a client that trusts `authority` hears from a server with `leaf` that it takes for `host`."""
    (folder / "leaf.pem").write_text(leaf.certificate + leaf.key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "leaf.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            try:
                with serving.wrap_socket(connection, server_side=True) as secure:
                    secure.sendall(b"hello")
            except (ssl.SSLError, OSError):
                connection.close()

        thread = Thread(target=serve)
        thread.start()
        try:
            trusting = ssl.create_default_context(cadata=authority.certificate)
            with (
                socket.create_connection(server.getsockname()) as connection,
                trusting.wrap_socket(connection, server_hostname=host) as secure,
            ):
                return secure.recv(5).decode()
        finally:
            thread.join()


def test_a_client_that_trusts_the_authority_takes_its_leaf(tmp_path: Path, authority: Pair) -> None:
    assert greeted(tmp_path, make_leaf(authority, HOSTS, NOW), authority, "localhost") == "hello"


def test_another_host_and_another_authority_are_refused(tmp_path: Path, authority: Pair) -> None:
    leaf = make_leaf(authority, HOSTS, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greeted(tmp_path, leaf, authority, "other.market.svc")
    with pytest.raises(ssl.SSLCertVerificationError):
        greeted(tmp_path, leaf, make_authority("another", NOW), "localhost")


def test_a_leaf_lives_ninety_days_and_tells_its_hosts(authority: Pair) -> None:
    life = life_of(make_leaf(authority, HOSTS, NOW).certificate)
    assert life.ends == NOW + timedelta(days=90)
    assert life.hosts == HOSTS


def test_it_is_renewed_at_two_thirds_or_for_other_hosts() -> None:
    begins, ends = NOW, NOW + timedelta(days=90)
    assert renew_at(begins, ends) == NOW + timedelta(days=60)
    assert reason_to_renew(begins, ends, HOSTS, HOSTS, NOW + timedelta(days=59)) is None
    assert "it ends at" in str(reason_to_renew(begins, ends, HOSTS, HOSTS, NOW + timedelta(days=60)))
    assert "not for b" in str(reason_to_renew(begins, ends, ("a",), ("b",), NOW))


def test_a_key_is_never_shown(authority: Pair) -> None:
    assert "PRIVATE" not in repr(authority)
