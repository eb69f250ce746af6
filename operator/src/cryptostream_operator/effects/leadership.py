"""One operator leads: it holds a Lease and renews it; the others wait. Who cannot renew it in time stops to write."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from typing import Final

from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.reconcile import election
from cryptostream_operator.reconcile.election import Glimpse
from cryptostream_operator.reconcile.values import Live, Ref

RETRY: Final = 2.0


class Leadership:
    """A candidate named `me`; `clock` gives seconds that never go back, `wall` the time of day in seconds.

    `kube` may write at any time. `renewed` is told of each Lease that was written.
    `length` is that of the Lease in seconds.
    """

    def __init__(  # noqa: PLR0913 - a candidate is all of this
        self,
        kube: Kube,
        ref: Ref,
        me: str,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        renewed: Callable[[Live], None] = lambda _: None,
        length: int = election.LENGTH,
    ) -> None:
        self._kube = kube
        self._ref = ref
        self._me = me
        self._clock = clock
        self._wall = wall
        self._renewed = renewed
        self._length = length
        self._seen: Glimpse | None = None
        self._renewed_at: float | None = None
        self.lease: Live | None = None

    def leads(self) -> bool:
        """Whether it may write."""
        at = self._renewed_at
        return at is not None and self._clock() - at < election.HELD * self._length

    def acquire(self, stop: Event) -> bool:
        """Wait until it leads; False if it was stopped before."""
        while not stop.is_set():
            if self._try():
                return True
            stop.wait(RETRY)
        return False

    def keep(self, stop: Event) -> bool:
        """Renew until stopped (True), or until it no longer leads (False)."""
        while not stop.wait(election.RENEW * self._length if self._fresh() else RETRY / 2):
            if not self._try() and not self.leads():
                return False
        return True

    def give_back(self) -> None:
        """Let the next one begin at once."""
        if self.leads() and self.lease is not None:
            self._renewed_at = None
            self._kube.replace(election.held(self.lease, "", self._now(), self._length))

    def _fresh(self) -> bool:
        at = self._renewed_at
        return at is not None and self._clock() - at < election.RENEW * self._length

    def _try(self) -> bool:
        """Take or renew the Lease; somebody else being quicker is a no."""
        begun = self._clock()
        found = self._kube.get(self._ref)
        if isinstance(found, Err):
            return False
        if found.value is None:
            fresh = election.fresh(self._ref.namespace, self._ref.name, self._me, self._now(), self._length)
            return self._took(begun, self._kube.create(fresh))
        self._seen = election.seen_since(self._seen, found.value, begun)
        if not election.may_take(found.value, self._me, self._seen, begun):
            return False
        return self._took(begun, self._kube.replace(election.held(found.value, self._me, self._now(), self._length)))

    def _took(self, begun: float, done: Result[Live, KubeError]) -> bool:
        if not isinstance(done, Ok):
            return False
        self.lease, self._renewed_at = done.value, begun
        self._renewed(done.value)
        return True

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), UTC)
