"""Who the operator is to the API server: by a kubeconfig, or by the account of its pod."""

from pathlib import Path
from typing import Any, Final

from kubernetes import client, config

CONNECTIONS: Final = 32
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def configuration(kubeconfig: Path | None) -> Any:
    """The client's configuration; without a kubeconfig that of the pod, whose token is read anew as it is renewed."""
    made: Any = client.Configuration()
    if kubeconfig is None:
        config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call] # ships no types
    else:
        config.load_kube_config(  # type: ignore[no-untyped-call] # ships no types
            str(kubeconfig), client_configuration=made, persist_config=False
        )
    made.retries = False
    made.connection_pool_maxsize = CONNECTIONS
    return made


def token_of(made: Any) -> str | None:
    """The bearer token as it is now; of a pod's account the client writes `bearer`, of a kubeconfig `Bearer`."""
    header = made.get_api_key_with_prefix("BearerToken") or made.get_api_key_with_prefix("authorization")
    return None if header is None else str(header).rpartition(" ")[2]


def own_namespace() -> str | None:
    """The namespace of the operator's pod, None outside a cluster."""
    file = ACCOUNT / "namespace"
    return file.read_text().strip() if file.exists() else None
