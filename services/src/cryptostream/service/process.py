"""What producer and consumer have in common as processes: from their files to their exit code.

0: asked to stop, and everything is in order; 1: it could not go on; 2: it was told something wrong, and has opened
nothing.
"""

import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from cryptostream.core.codec.service import Assignment, ServiceConfig
from cryptostream.core.codec.status import Status, encode
from cryptostream.core.ports import LogError
from cryptostream.core.resource.plan import Role
from cryptostream.core.resource.spec import Fault, StreamSpec
from cryptostream.core.result import Err, Result
from cryptostream.observe.logs import Log, setup_logging
from cryptostream.observe.server import Pages
from cryptostream.process.memory import give_back_large_blocks
from cryptostream.process.signals import stop_signals
from cryptostream.service.files import Watcher, read_file
from cryptostream.service.life import Run, Work, live
from cryptostream.service.pages import serve
from cryptostream.service.settings import Settings, read_assignment, read_settings

BAD_INPUT = 2


class Service(Protocol):
    """A producer or a consumer, put together and not started. All but `run` may be called from any thread."""

    @property
    def run(self) -> Run:
        """The work itself."""

    def assign(self, assigned: Assignment, spec: StreamSpec) -> None:
        """Follow another assignment from now on."""

    def metrics(self) -> bytes: ...

    def status(self) -> Status: ...

    def unwell(self) -> str | None:
        """What only a restart helps against."""

    def unready(self) -> str | None:
        """Why data does not flow."""

    def close(self) -> None:
        """Release everything; the work has ended."""


@dataclass(frozen=True, slots=True)
class Ends:
    """`asked` is set when the process is to stop, `ending` then, when its work is to."""

    asked: threading.Event
    ending: threading.Event


Open = Callable[[Settings, threading.Event, Log], Result[Service, LogError]]
"""Puts a service together; the event is set when its work is to end, so that no wait goes on after that."""


def run_service(role: Role, path: Path, open_service: Open) -> int:
    """The process of `role`, told by the configuration at `path`; returns its exit code."""
    give_back_large_blocks()
    settings = read_settings(path, role)
    if isinstance(settings, Err):
        return _refuse(settings.error)
    config, spec = settings.value.config, settings.value.spec
    with ExitStack() as held:
        ends = Ends(held.enter_context(stop_signals()), threading.Event())
        log = held.enter_context(
            setup_logging(None, config.log_level, stream=spec.stream, simulated=config.simulated, role=role)
        )
        watcher = Watcher(log)
        for each in settings.value.certificates:  # before they are read, so that no change is missed
            watcher.watch(each, _known(each), partial(_renewed, each, ends.asked, log))
        opened = open_service(settings.value, ends.ending, log)
        if isinstance(opened, Err):
            return _refuse((Fault(str(path), opened.error.detail, "check what is mounted"),))
        held.callback(opened.value.close)
        return _live(opened.value, settings.value, watcher, ends, log)


def _live(service: Service, settings: Settings, watcher: Watcher, ends: Ends, log: Log) -> int:
    config, assigned = settings.config, settings.assigned
    work = Work(service.run, ends.ending, log)
    with ExitStack() as held:
        served = held.enter_context(serve(_pages(service, work, watcher), config.http, config.work_dir))
        if isinstance(served, Err):
            return _refuse((served.error,))
        follow = partial(_follow, service, config, log)
        watcher.watch(Path(config.assignment_file), settings.assigned_as, follow)
        watcher.start()
        held.callback(watcher.close)
        log.info("started", http=served.value, generation=assigned.generation, symbols=len(assigned.symbols))
        return live(work, ends.asked, log)


def _pages(service: Service, work: Work, watcher: Watcher) -> Pages:
    def unwell() -> str | None:
        dead = "the work has ended" if work.fault else None if watcher.alive else "files are not looked after"
        return dead or service.unwell()

    return Pages(
        metrics=service.metrics,
        status=lambda: encode(service.status()),
        healthy=unwell,
        ready=lambda: work.fault or service.unready(),
    )


def _follow(service: Service, config: ServiceConfig, log: Log, content: bytes) -> None:
    """Another assignment; a bad one changes nothing."""
    read = read_assignment(config, content)
    if isinstance(read, Err):
        log.error("assignment_refused", faults=[str(fault) for fault in read.error])
        return
    assigned, spec = read.value
    service.assign(assigned, spec)
    log.info("assigned", generation=assigned.generation, symbols=len(spec.symbols))


def _renewed(path: Path, stop: threading.Event, log: Log, _: bytes) -> None:
    """Clients take in certificates when they are made: another process has to."""
    log.warning("certificate_changed", path=str(path), detail="stopping, so that the next process takes it in")
    stop.set()


def _known(path: Path) -> bytes:
    content = read_file(path)
    return b"" if isinstance(content, Err) else content.value


def _refuse(faults: Iterable[Fault]) -> int:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return BAD_INPUT
