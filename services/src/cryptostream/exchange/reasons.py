"""Why there is no connection, in a few words: libraries wrap the cause in several layers. Pure."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

_SHOWN: Final = 200
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def reason(error: BaseException) -> str:
    """What lies at the bottom of `error`, for a person who wants to mend it."""
    *_, root = layers = list(_layers(error))
    for layer in layers:
        match layer:
            case socket.gaierror():
                return "DNS: the name cannot be resolved"
            case ConnectionRefusedError():
                return "connection refused"
            case ssl.SSLCertVerificationError():
                return f"TLS: {layer.verify_message}"[:_SHOWN]
            case _:
                pass
    return (str(root) or type(root).__name__)[:_SHOWN]


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine; what is no address does not."""
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False


def _layers(error: BaseException) -> Iterator[BaseException]:
    """The error, its cause, the cause's cause and so on."""
    layer: BaseException | None = error
    while layer is not None:
        yield layer
        layer = layer.__cause__ or layer.__context__
