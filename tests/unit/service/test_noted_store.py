"""A store's last answer is remembered, and passed on as it is."""

from typing import Any

from cryptostream.core.codec.status import StoreStatus
from cryptostream.core.market.series import Series
from cryptostream.core.ports import StoreBatch, StoreError
from cryptostream.core.result import Err, Ok
from cryptostream.service.noted_store import NotedStore

BTC = Series("BTCUSDC", "1m")
AWAY = Err(StoreError("it does not answer", retryable=True))
REFUSED = Err(StoreError("such a point is not taken", retryable=False))


class Answering:
    """A store that gives one answer to everything."""

    atomic = False

    def __init__(self) -> None:
        self.answer: Any = Ok(None)

    def prepare(self, batch: StoreBatch) -> StoreBatch:
        return batch

    def write(self, _: StoreBatch) -> Any:
        return self.answer

    def raw(self, *_: object) -> Any:
        return self.answer

    enriched = bounds = raw

    def dirty(self) -> Any:
        return Ok(())

    def close(self) -> None: ...


def test_the_last_answer_says_whether_the_store_is_there() -> None:
    store = Answering()
    noted = NotedStore(store)
    assert noted.status == StoreStatus(reachable=False)
    assert noted.dirty() == Ok(())
    assert not noted.status.reachable  # asked without asking
    assert noted.bounds(BTC) == Ok(None)
    assert noted.status == StoreStatus(reachable=True)
    store.answer = AWAY
    assert noted.write(StoreBatch()) == AWAY
    assert noted.status == StoreStatus(reachable=False, last_error="it does not answer")
    store.answer = Ok(None)
    assert noted.bounds(BTC) == Ok(None)
    assert noted.status == StoreStatus(reachable=True, last_error="it does not answer")


def test_a_refusal_is_an_answer() -> None:
    store = Answering()
    noted = NotedStore(store)
    store.answer = REFUSED
    assert noted.write(StoreBatch()) == REFUSED
    assert noted.status == StoreStatus(reachable=True, last_error="such a point is not taken")
    assert noted.atomic is False
