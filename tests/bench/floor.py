"""The floor: a loader that does nothing but write lines which were encoded before. `python -m tests.bench.floor FILE`.

FILE names the server, the token, the buckets and the files of bodies; two connections write them. Prints how many
seconds that took.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import urllib3

CONNECTIONS = 2


def load(url: str, token: str, bodies: list[tuple[str, bytes]]) -> float:
    """Write `bodies` of (bucket, lines); returns the seconds taken."""
    pool = urllib3.PoolManager(maxsize=CONNECTIONS, timeout=60, retries=False)
    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as writers:
        for status, answer in writers.map(partial(_write, pool, url, token), bodies):
            assert status == 204, answer
    return time.perf_counter() - began


def _write(pool: urllib3.PoolManager, url: str, token: str, body: tuple[str, bytes]) -> tuple[int, bytes]:
    bucket, lines = body
    target = f"{url}/api/v2/write?org=cryptostream&bucket={bucket}&precision=ms"
    answer = pool.request("POST", target, body=lines, headers={"Authorization": f"Token {token}"})
    return answer.status, answer.data


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[1]).read_text())
    read = [(bucket, Path(file).read_bytes()) for bucket, file in told["bodies"]]
    print(load(told["url"], told["token"], read))  # noqa: T201 - its result
