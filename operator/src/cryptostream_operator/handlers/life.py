"""The life of the operator: wait to lead, watch and work, stop in order."""

import asyncio
import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import Any, Final

import kopf
from kopf._core.engines.peering import Identity
from kubernetes.client import ApiClient

from cryptostream_operator.effects.canary import Canary
from cryptostream_operator.effects.client import own_namespace, token_of
from cryptostream_operator.effects.discovery import Discovery
from cryptostream_operator.effects.http_pages import HttpPages, Page
from cryptostream_operator.effects.kube import Kube
from cryptostream_operator.effects.leadership import Leadership
from cryptostream_operator.effects.metrics import Metrics
from cryptostream_operator.effects.observe import StreamObserver
from cryptostream_operator.effects.observe_store import StoreObserver
from cryptostream_operator.effects.pages import Pages
from cryptostream_operator.effects.passes import Control, Passes
from cryptostream_operator.effects.settings import Told
from cryptostream_operator.handlers.crew import Crew
from cryptostream_operator.handlers.watching import Watching, watching_settings
from cryptostream_operator.handlers.worker import Shop
from cryptostream_operator.reconcile import status, store, store_told, stream
from cryptostream_operator.reconcile.values import Ref

LOG: Final = logging.getLogger(__name__)
PAUSE: Final = 1.0
"""Seconds before watches that have failed are begun anew."""


class Operator:
    """One process. `run` returns its exit code."""

    def __init__(self, told: Told, configuration: Any) -> None:
        self._told = told
        self._configuration = configuration
        self._metrics = Metrics()
        self._kube = Kube(ApiClient(configuration), count=self._metrics.count_call)
        self._canary = Canary(time.monotonic)
        self._stop = Event()
        self._lost = False
        self._crew: Crew | None = None
        self._ended: Callable[[], object] = lambda: None
        self._me = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        namespace = told.leader.namespace or own_namespace() or "default"
        self._leadership = Leadership(
            self._kube,
            Ref("coordination.k8s.io/v1", "Lease", namespace, told.leader.name),
            self._me,
            clock=time.monotonic,
            wall=time.time,
            renewed=self._canary.written,
            length=told.leader.lease_seconds,
        )

    def run(self) -> int:
        """0 after a stop that was asked for, 1 if another one leads now or the watches have failed."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        http = self._told.http
        with HttpPages(http.host, http.port, self._pages()) as pages:
            LOG.info("started", extra={"http_port": pages.port})
            if not self._leadership.acquire(self._stop):
                return 0
            LOG.info("leading")
            keeper = Thread(target=self._keep, name="lease", daemon=True)
            keeper.start()
            try:
                self._apart()
            finally:
                self._ended = lambda: None
                self._stop.set()
                keeper.join(5)
                self._leadership.give_back()
        LOG.info("stopped", extra={"lost_leadership": self._lost})
        return 1 if self._lost else 0

    def _apart(self) -> None:
        """Lead in a thread of its own: in the main one, kopf would take the signals, and give up our tasks slowly."""
        with ThreadPoolExecutor(1, thread_name_prefix="lead") as thread:
            leading = thread.submit(asyncio.run, self._lead())
            while not leading.done():
                wait([leading], 0.2)
        leading.result()

    def _keep(self) -> None:
        if not self._leadership.keep(self._stop):
            LOG.error("leadership_lost")
            self._lost = True
        self._stop.set()
        self._ended()

    async def _lead(self) -> None:
        """Watch and work until stopped."""
        told = self._told
        threads = ThreadPoolExecutor(told.workers, thread_name_prefix="pass")
        pages = Pages()
        shop = Shop(threads, time.monotonic, self._metrics, told.resync_seconds)
        self._crew = Crew(self._passes(pages), shop)
        try:
            await self._watch(self._crew)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            pages.close()

    async def _watch(self, crew: Crew) -> None:
        """Until stopped: watches that end because the API server cannot be read at all are begun anew."""
        ended, idle, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()
        self._ended = partial(loop.call_soon_threadsafe, ended.set)
        if self._stop.is_set():
            ended.set()
        ending = loop.create_task(_stop_in_order(ended, crew, idle))
        try:
            while not idle.is_set():
                try:
                    await self._watch_once(crew, idle)
                except Exception as error:  # noqa: BLE001 - whatever kopf did not expect of a network
                    LOG.error("watches_failed", extra={"detail": f"{type(error).__name__}: {error}"})  # noqa: TRY400 - of kopf
                    with suppress(TimeoutError):
                        await asyncio.wait_for(idle.wait(), PAUSE)
        finally:
            ended.set()
            await ending

    async def _watch_once(self, crew: Crew, idle: asyncio.Event) -> None:
        registry = kopf.OperatorRegistry()
        Watching(crew, self._canary, frozenset(self._told.namespaces)).register(registry)
        kopf.on.login(registry=registry)(self._login)
        settings = kopf.OperatorSettings()
        watching_settings(settings)
        watched = self._told.watched
        lease = self._leadership.lease
        near = (*watched, lease.ref.namespace) if watched and lease is not None else watched
        await kopf.operator(
            registry=registry,
            settings=settings,
            clusterwide=not near,
            namespaces=sorted(set(near)),
            standalone=True,
            identity=Identity(self._me),  # else kopf asks for the name of the user, which a pod need not have
            stop_flag=idle,
        )

    async def _login(self, **_: object) -> kopf.ConnectionInfo:
        made = self._configuration
        return kopf.ConnectionInfo(
            server=made.host,
            ca_path=made.ssl_ca_cert,
            insecure=not made.verify_ssl,
            scheme="Bearer",
            token=token_of(made),
            certificate_path=made.cert_file,
            private_key_path=made.key_file,
        )

    def _passes(self, pages: Pages) -> Mapping[str, Passes[Any]]:
        kube = self._kube.leading(self._leadership.leads)
        discovery = Discovery(kube, time.monotonic)
        settings, draw = self._told.settings, partial(secrets.token_urlsafe, 32)
        streams = StreamObserver(kube, discovery, pages, settings, _millis, draw)
        stores = StoreObserver(kube, settings, _millis, draw, self._metrics.certified)
        of_streams = Control(streams.observe, streams.look, stream.reconcile, status.document)
        of_stores = Control(stores.observe, stores.look, store.reconcile, store_told.document)
        return {"CryptoStream": Passes(kube, of_streams, _millis), "CandleStore": Passes(kube, of_stores, _millis)}

    def _pages(self) -> Mapping[str, Page]:
        return {"/metrics": self._measured, "/healthz": self._healthy, "/readyz": lambda: (200, b"ok\n")}

    def _measured(self) -> tuple[int, bytes]:
        census, ready = (self._crew.census(), self._crew.readiness()) if self._crew else ({}, {})
        self._metrics.show(census, ready, self._canary.age(), leads=self._leadership.leads())
        return 200, self._metrics.text()

    def _healthy(self) -> tuple[int, bytes]:
        if self._canary.alive():
            return 200, b"ok\n"
        return 503, f"the watches have delivered nothing for {self._canary.age():.0f} s\n".encode()


async def _stop_in_order(asked: asyncio.Event, crew: Crew, idle: asyncio.Event) -> None:
    """Passes under way end before the watches do."""
    await asked.wait()
    await crew.stop()
    idle.set()


def _millis() -> int:
    return time.time_ns() // 1_000_000
