"""The exchange's front door for REST: faults and limits first, then the call itself."""

from collections import Counter
from collections.abc import Callable

import msgspec

from cryptostream.core.result import Err
from cryptostream.simulator.faults import FaultSwitch, matches
from cryptostream.simulator.grid import MINUTE
from cryptostream.simulator.http11 import Answer, Request
from cryptostream.simulator.limits import Usage, Verdict, attempt, charge
from cryptostream.simulator.params import ApiError
from cryptostream.simulator.rest import Call, call_at, reply_to
from cryptostream.simulator.state import State

_TOO_MUCH = "Please use WebSocket Streams for live updates to avoid"
_RESTRICTED = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you received this message in "
    "error."
)
_FAILURES = {
    502: ApiError(-1000, "An unknown error occurred while processing the request."),
    503: ApiError(-1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    504: ApiError(
        -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    ),
}
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>simulated</body></html>"


class Front:
    """Counts what each address does. `admit` is for the event loop, `reply` for any thread."""

    def __init__(self, state: Callable[[], State], switch: FaultSwitch) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self._state = state
        self._switch = switch
        self._usage: dict[str, Usage] = {}

    def admit(self, request: Request) -> Answer | Call:
        """The call that `request` asks for, paid for; or the answer that it gets instead."""
        call = call_at(request.path)
        if call is None or request.method != "GET":
            return self._without_call(request, known=call is not None)
        is_struck = matches(request.path, (self._switch.value.paths,))
        return (self._blocked() if is_struck else None) or self._charged(request, call, is_struck=is_struck) or call

    def reply(self, request: Request, call: Call) -> Answer:
        """The answer of an admitted call."""
        scale = 1000 if request.headers.get("x-mbx-time-unit", "").upper() == "MICROSECOND" else 1
        reply = reply_to(call, request.query, self._state(), scale)
        if isinstance(reply, Err):
            return self._weighed(request, Answer(400, msgspec.json.encode(reply.error)))
        body = reply.value.encode()
        is_struck = matches(request.path, (self._switch.value.paths,)) and self._switch.take("truncate_next")
        return self._weighed(request, Answer(200, body[: len(body) // 2] if is_struck else body))

    def admit_socket(self, peer: str) -> Answer | None:
        """The refusal of a WebSocket of an address that opens too many."""
        state = self._state()
        self._usage[peer], excess = attempt(self._usage.get(peer, Usage()), state.limits, state.view.now)
        return Answer(429) if excess else None

    def _without_call(self, request: Request, *, known: bool) -> Answer:
        if known:
            return Answer(405, headers={"Allow": "GET"})
        page = _PAGE.format("404 Not Found").encode() if "text/html" in request.headers.get("accept", "") else b""
        return Answer(404, page, "text/html")

    def _blocked(self) -> Answer | None:
        faults = self._switch.value
        if faults.blocked:
            return Answer(451, msgspec.json.encode(ApiError(0, _RESTRICTED)))
        if faults.html_forbidden:
            return Answer(403, _PAGE.format("403 Forbidden").encode(), "text/html")
        return None

    def _charged(self, request: Request, call: Call, *, is_struck: bool) -> Answer | None:
        """Count the request; the refusal, if it is one too many or a fault wants one."""
        state, faults = self._state(), self._switch.value
        now = state.view.now
        usage, verdict = charge(self._usage.get(request.peer, Usage()), state.limits, now, call.weight)
        self._usage[request.peer] = usage
        if is_struck and now < faults.banned_until:
            verdict = Verdict(418, faults.banned_until)
        elif is_struck and verdict.status == 200 and self._switch.take("too_many_next"):
            verdict = Verdict(429, (now // MINUTE + 1) * MINUTE)
        if verdict.status != 200:
            return self._weighed(request, _refusal(verdict, state))
        if is_struck and self._switch.take_failure():
            failure = _FAILURES.get(faults.fail_status, _FAILURES[502])
            return self._weighed(request, Answer(faults.fail_status, msgspec.json.encode(failure)))
        return None

    def _weighed(self, request: Request, answer: Answer) -> Answer:
        weight = str(self._usage[request.peer].weight)
        headers = {"X-MBX-USED-WEIGHT": weight, "X-MBX-USED-WEIGHT-1M": weight, **answer.headers}
        return Answer(answer.status, answer.body, answer.content_type, headers)


def _refusal(verdict: Verdict, state: State) -> Answer:
    limit = state.limits.weight_per_minute
    rate = f"current limit is {limit} request weight per 1 MINUTE"
    told = (
        f"Too much request weight used; {rate}. {_TOO_MUCH} polling the API."
        if verdict.status == 429
        else f"Way too much request weight used; IP banned until {verdict.until}. {_TOO_MUCH} bans."
    )
    seconds = -((state.view.now - verdict.until) // 1000)
    return Answer(verdict.status, msgspec.json.encode(ApiError(-1003, told)), headers={"Retry-After": str(seconds)})
