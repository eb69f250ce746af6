"""Ports of loopback that stay ours: a server that is down must find its port free when it comes back."""

import random
import socket

# Below the ports that the kernel hands out for connections, and below those of Kubernetes' services.
_FIRST, _LAST = 15_000, 29_999
_claims: dict[int, socket.socket] = {}


def claim_port() -> int:
    """A free port of 127.0.0.1 that no other test process gets while this one lives."""
    for _ in range(1000):
        port = random.randint(_FIRST, _LAST)
        if port not in _claims and (claim := _claim(port)):
            _claims[port] = claim
            return port
    raise OSError(f"no port of {_FIRST} to {_LAST} is free")


def is_open(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _claim(port: int) -> socket.socket | None:
    """A name in the kernel that vanishes with this process, if neither the name nor the port is taken."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0cryptostream-test-port-{port}")
        with socket.create_server(("127.0.0.1", port)):
            return claim
    except OSError:
        claim.close()
        return None
