"""Pods without a kubelet: objects with an address on loopback, where a test has something real or made up listening.

What the operator asks of a pod, its `/status` or its InfluxDB, goes over real connections.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.cluster.running import Cluster, Manifest
from tests.support.parts.influx import Influx
from tests.support.parts.process import Server, wait_for
from tests.support.parts.tls import Leaf

READY = ({"type": "Ready", "status": "True"},)


def pod(name: str, labels: Mapping[str, str], port_name: str, port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "market", "labels": dict(labels)},
        "spec": {
            "containers": [
                {"name": "main", "image": "none", "ports": [{"name": port_name, "containerPort": port}]},
            ]
        },
    }


def put(cluster: Cluster, manifest: Manifest, conditions: Any = READY, **status: Any) -> Manifest:
    """The pod, running at 127.0.0.1."""
    made = cluster.apply(manifest)
    told = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "conditions": list(conditions)}
    answer = cluster.merge(made, {"status": {**told, **status}}, "status")
    assert answer.ok, answer.text
    return dict(answer.json())


def take_away(cluster: Cluster, name: str) -> None:
    """As a kubelet does in the end."""
    cluster.api.ask("DELETE", f"/api/v1/namespaces/market/pods/{name}?gracePeriodSeconds=0")


def labels_of(stream: str, component: str) -> dict[str, str]:
    return {
        "cryptostream.io/stream": stream,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/managed-by": "cryptostream-operator",
    }


class StatusPage:
    """A pod's `/status`, which says what it is given."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(page.document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def secret(cluster: Cluster, name: str, namespace: str = "market") -> dict[str, str]:
    """What is in a Secret, as text; empty if there is none."""
    found = cluster.get("v1", "Secret", namespace, name) or {}
    return {key: b64decode(value).decode() for key, value in found.get("data", {}).items()}


@contextmanager
def managed_influx(cluster: Cluster, folder: Path, store: str = "default") -> Iterator[Influx]:
    """The InfluxDB of a managed store: started with the store's certificate, as its pod would be, and new."""
    texts = wait_for(lambda: secret(cluster, f"{store}-influxdb-tls"), "the store has a certificate")
    folder.mkdir(parents=True, exist_ok=True)
    leaf = Leaf(folder / "tls.crt", folder / "tls.key", folder / "both.pem")
    leaf.cert.write_text(texts["tls.crt"])
    leaf.key.write_text(texts["tls.key"])
    influx = Influx(folder, leaf=leaf)
    labels = {
        "cryptostream.io/store": store,
        "app.kubernetes.io/component": "store",
        "app.kubernetes.io/managed-by": "cryptostream-operator",
    }
    with Server.start(influx):  # without the set-up that the part does for other tests
        put(cluster, pod(f"{store}-influxdb-0", labels, "api", influx.port))
        try:
            yield influx
        finally:
            take_away(cluster, f"{store}-influxdb-0")
