"""Says at the start which endpoints of the exchange do not serve this address, and why. Decides nothing."""

import threading

from cryptostream.core.resource.spec import StreamSpec
from cryptostream.exchange.probe import probe
from cryptostream.observe.logs import Log


def tell_blocked(spec: StreamSpec, ca_file: str | None, log: Log) -> None:
    """Ask every endpoint once, beside the work: those that fail are gone round anyway, and asked again later."""

    def ask() -> None:
        found = probe(spec.source.endpoints.rest, proxy_url=spec.egress.proxy_url, ca_file=ca_file)
        for endpoint, why in found.failures:
            log.warning("endpoint_unusable", endpoint=endpoint, detail=why)
        if not found.reachable:
            log.error("exchange_unreachable", detail=found.why)

    threading.Thread(target=ask, name="probe", daemon=True).start()
