"""One question to the exchange: which endpoint, within which budget, what its answer changes.

A thin lock around pure decisions (`budget`, `endpoints`, `answers`). Blocks for the answer, never for a budget.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import Clock, ExchangeError
from cryptostream.core.result import Err, Ok, Result
from cryptostream.exchange import budget as budgets
from cryptostream.exchange import endpoints as health
from cryptostream.exchange.answers import (
    Banned,
    Blocked,
    Failed,
    Good,
    Limited,
    Meaning,
    NoReply,
    Refused,
    Reply,
    answered_by,
    meaning,
    used_weight,
)
from cryptostream.exchange.budget import Budget, Lane
from cryptostream.exchange.endpoints import Endpoints
from cryptostream.exchange.transport import Transport


@dataclass(frozen=True, slots=True)
class Question:
    """A GET: its path, its parameters and its weight."""

    path: str
    params: Mapping[str, str]
    weight: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The decoded JSON, and the local clock when it was asked for and when it came (ms).

    `made_by` is the last moment of the exchange's clock at which it can have been made, if it tells.
    """

    value: Any
    sent: Millis
    received: Millis
    made_by: Millis | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer; `code` is the exchange's own for a refused question."""

    error: ExchangeError
    code: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What all lanes share."""

    budget: Budget
    endpoints: Endpoints
    in_use: str
    last_error: str | None = None


class Asker:
    """Asks; safe to use from several threads. `offset` is exchange time minus local time, as well as it is known."""

    def __init__(self, urls: tuple[str, ...], transport: Transport, clock: Clock, offset: Callable[[], Millis]) -> None:
        known = health.endpoints(urls)
        self._state = State(Budget(), known, known[0].url)
        self._transport = transport
        self._clock = clock
        self._offset = offset
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        return self._state

    def ask(self, question: Question, lane: Lane) -> Result[Answer, Failure]:
        """The answer of the first endpoint that gives one."""
        tried: set[str] = set()
        while True:
            chosen = self._begin(question, lane, tried)
            if isinstance(chosen, Err):
                return Err(Failure(chosen.error))
            sent = self._clock.now()
            reply = self._transport.get(chosen.value, question.path, question.params)
            tried.add(chosen.value)
            settled = self._settle(chosen.value, reply, sent)
            if settled is not None:
                return settled

    def limit(self, weight: int) -> None:
        """The exchange says how much weight a minute an address may use."""
        with self._lock:
            self._state = replace(self._state, budget=budgets.limited(self._state.budget, weight))

    def _begin(self, question: Question, lane: Lane, tried: set[str]) -> Result[str, ExchangeError]:
        with self._lock:
            now = self._now()
            chosen = health.choose(self._state.endpoints, tried, now)
            if isinstance(chosen, Err):
                return chosen
            paid = budgets.spend(self._state.budget, lane, question.weight, now)
            if isinstance(paid, Err):
                return paid
            self._state = replace(self._state, budget=paid.value)
            return chosen

    def _settle(self, url: str, reply: Reply | NoReply, sent: Millis) -> Result[Answer, Failure] | None:
        """Remember what the answer says; None if another endpoint is to be asked."""
        received, offset = self._clock.now(), self._offset()
        now = received + offset
        said = meaning(reply, now)
        with self._lock:
            weighed = after_weight(self._state, reply, sent + offset)
            state = self._state = after(weighed, url, said, now)
        match said:
            case Good(value):
                return Ok(Answer(value, sent, received, answered_by(reply) if isinstance(reply, Reply) else None))
            case Refused(code, message):
                return Err(Failure(ExchangeError("refused", message), code))
            case Limited():
                held = state.budget.held_until
                return Err(Failure(ExchangeError("rate_limited", "HTTP 429: too much request weight", held)))
            case Banned(until):
                return Err(Failure(ExchangeError("banned", "HTTP 418: this address is banned", until)))
            case Failed(why, slow=True):
                return Err(Failure(ExchangeError("unavailable", f"{url}: {why}")))
            case Blocked() | Failed():
                return None

    def _now(self) -> Millis:
        return self._clock.now() + self._offset()


def after_weight(state: State, reply: Reply | NoReply, sent: Millis) -> State:
    """The shared state after the count of an answer. Pure."""
    used = used_weight(reply) if isinstance(reply, Reply) else None
    return state if used is None else replace(state, budget=budgets.counted(state.budget, used, sent))


def after(state: State, url: str, said: Meaning, now: Millis) -> State:
    """The shared state after what an answer says. Pure."""
    here = replace(state, endpoints=health.worked(state.endpoints, url), in_use=url)
    match said:
        case Good():
            return replace(here, last_error=None)
        case Refused(_, message):
            return replace(here, last_error=f"{url}: {message}")
        case Limited(seconds):
            return replace(here, budget=budgets.held(state.budget, seconds, now), last_error=f"{url}: HTTP 429")
        case Banned(until):
            return replace(here, budget=budgets.banned(state.budget, until), last_error=f"{url}: HTTP 418")
        case Blocked(why):
            known = health.blocked(state.endpoints, url, why, now)
        case Failed(why, _, patience):
            known = health.failed(state.endpoints, url, why, now, patience=patience)
    return replace(state, endpoints=known, last_error=f"{url}: {why}")
