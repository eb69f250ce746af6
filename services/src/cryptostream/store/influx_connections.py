"""Connections to InfluxDB on which nothing is sent too late."""

import socket
import ssl
import struct
import time
from typing import Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

MOST: Final = 4
"""Connections that are kept for the next request."""
RESET: Final = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""Closing drops what is not sent yet, also when the process is killed. Otherwise a request that nobody waits for any
more, a deletion perhaps, could arrive much later, after others that were made since."""


class _Timely(HTTPConnection):
    """Counts looking up the name, which knows no time-out, and connecting against the time for sending."""

    def connect(self) -> None:
        began = time.monotonic()
        super().connect()
        if self.timeout is None:
            return
        left = self.timeout - (time.monotonic() - began)
        if left <= 0:
            self.close()
            raise ConnectTimeoutError(self, f"not connected within {self.timeout:.1f} s")
        self.sock.settimeout(left)


class _TimelyTls(_Timely, HTTPSConnection):
    pass


def open_pool(url: str, trusted: ssl.SSLContext | None) -> urllib3.HTTPConnectionPool:
    """Connections to `url`, none of them opened yet; `trusted` where it is an https one."""
    options = [*HTTPConnection.default_socket_options, RESET]
    if trusted is None:
        pool = urllib3.connection_from_url(url, maxsize=MOST, socket_options=options)
        pool.ConnectionCls = _Timely
    else:
        pool = urllib3.connection_from_url(url, maxsize=MOST, socket_options=options, ssl_context=trusted)
        pool.ConnectionCls = _TimelyTls
    return pool
