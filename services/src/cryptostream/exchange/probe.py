"""Which endpoints answer: all asked together, in a few seconds at most. Decides nothing about what follows."""

import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

import msgspec

from cryptostream.exchange.answers import Banned, Blocked, Failed, Good, Limited, Refused, meaning
from cryptostream.exchange.transport import Transport

_Found = tuple[str, str | None]


class ProbeResult(msgspec.Struct, frozen=True):
    """The endpoints that answer, and (endpoint, why not) of the others, both in the given order."""

    reachable: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]

    @property
    def why(self) -> str:
        """The failures in one line, each reason with the hosts it holds for."""
        reasons: dict[str, list[str]] = {}
        for endpoint, why in self.failures:
            reasons.setdefault(why, []).append(endpoint.partition("://")[2])
        return "; ".join(f"{why}: {', '.join(hosts)}" for why, hosts in reasons.items())


def probe(
    rest_endpoints: Sequence[str], timeout: float = 3.0, *, proxy_url: str | None = None, ca_file: str | None = None
) -> ProbeResult:
    """Ask each of `rest_endpoints` for `/api/v3/ping`; takes `timeout` wall-clock seconds at most."""
    answers: SimpleQueue[_Found] = SimpleQueue()
    found: dict[str, str | None] = {}
    until = time.monotonic() + timeout

    def ask(endpoint: str) -> None:
        transport = Transport(proxy_url=proxy_url, ca_file=ca_file, timeout=timeout)
        answers.put((endpoint, _why_not(transport, endpoint)))
        transport.close()

    for endpoint in set(rest_endpoints):  # a name that cannot be resolved may hold its thread for longer
        threading.Thread(target=ask, args=(endpoint,), name="probe", daemon=True).start()
    while len(found) < len(set(rest_endpoints)):
        try:
            endpoint, why = answers.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            break
        found[endpoint] = why
    whys = [(endpoint, found.get(endpoint, f"no answer within {timeout:g} s")) for endpoint in rest_endpoints]
    return ProbeResult(
        reachable=tuple(endpoint for endpoint, why in whys if why is None),
        failures=tuple((endpoint, why) for endpoint, why in whys if why is not None),
    )


def _why_not(transport: Transport, endpoint: str) -> str | None:
    """None if `endpoint` serves this address, now or after a wait."""
    match meaning(transport.get(endpoint.rstrip("/"), "/api/v3/ping", {}), 0):
        case Good() | Limited():
            return None
        case Banned():
            return "HTTP 418: this address is banned"
        case Refused(_, message):
            return message
        case Blocked(why) | Failed(why):
            return why
