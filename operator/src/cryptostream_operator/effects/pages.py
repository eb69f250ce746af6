"""The pods' own word on the data: `/status` of each, all at once, none waited for longer than a second."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from cryptostream.core.codec.status import Status, decode
from cryptostream.core.result import Ok
from cryptostream_operator.reconcile.pods import address
from cryptostream_operator.reconcile.values import Live

SECONDS: Final = 1.0
MOST_BYTES: Final = 2_000_000
AT_ONCE: Final = 16


class Pages:
    """Asks pods. Who does not answer in time is left out."""

    def __init__(self) -> None:
        timeout = urllib3.Timeout(connect=SECONDS, read=SECONDS)
        self._pool = urllib3.PoolManager(num_pools=100, maxsize=1, retries=False, timeout=timeout)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pages")

    def close(self) -> None:
        """Ask nobody any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    def ask(self, stream: str, pods: Iterable[Live]) -> Mapping[str, Status]:
        """What the pods of `stream` (`<namespace>.<name>`) say, by their uids."""
        asked = {
            self._threads.submit(self._one, stream, where): pod.uid for pod in pods if (where := address(pod, "http"))
        }
        done, late = wait(asked, timeout=2 * SECONDS)
        for each in late:
            each.cancel()
        return {asked[each]: found for each in done if (found := each.result()) is not None}

    def _one(self, stream: str, where: str) -> Status | None:
        try:
            with self._pool.request("GET", f"http://{where}/status", preload_content=False, redirect=False) as answer:
                body = answer.read(MOST_BYTES)
                status = answer.status
        except (HTTPError, OSError, ValueError):
            return None
        read = decode(body) if status == 200 else None
        return read.value if isinstance(read, Ok) and read.value.stream == stream else None
