"""Which kinds the API server has, remembered for half a minute: they come and go with what others install."""

from collections.abc import Callable
from threading import Lock
from typing import Final

from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.effects.kube import Kube, KubeError
from cryptostream_operator.render.site import Served
from cryptostream_operator.render.strimzi import API_VERSION as STRIMZI

SECONDS: Final = 30.0


class Discovery:
    """What is served; `clock` gives seconds that never go back."""

    def __init__(self, kube: Kube, clock: Callable[[], float]) -> None:
        self._kube = kube
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}
        self._lock = Lock()

    def has(self, api_version: str, kind: str) -> Result[bool, KubeError]:
        """Whether the API server has the kind."""
        with self._lock:
            at, found = self._known.get((api_version, kind), (-SECONDS, False))
        if self._clock() - at < SECONDS:
            return Ok(found)
        asked = self._kube.serves(api_version, kind)
        if isinstance(asked, Ok):
            with self._lock:
                self._known[api_version, kind] = (self._clock(), asked.value)
        return asked

    def strimzi(self) -> Result[bool, KubeError]:
        """Whether it has topics and users."""
        return self.has(STRIMZI, "KafkaTopic")

    def served(self) -> Result[Served, KubeError]:
        """The kinds which a stream makes use of where they are."""
        found = {}
        for name, api_version, kind in _KINDS:
            asked = self.has(api_version, kind)
            if isinstance(asked, Err):
                return asked
            found[name] = asked.value
        return Ok(Served(**found))


_KINDS: Final = (
    ("scaled_object", "keda.sh/v1alpha1", "ScaledObject"),
    ("pod_monitor", "monitoring.coreos.com/v1", "PodMonitor"),
    ("prometheus_rule", "monitoring.coreos.com/v1", "PrometheusRule"),
)
