"""A service as a process: its pages, its files while it runs, and each way in which it ends."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from cryptostream.core.codec.service import Assignment, KafkaAccess, Listen, encode
from cryptostream.core.market.series import Symbol
from tests.support.mounted import Mount
from tests.support.parts.process import PartError
from tests.support.service_files import ASSIGNMENT, CONFIG
from tests.support.service_process import ServiceProcess


class Home:
    """Where an idle service lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mount = Mount(folder / "mounted")
        self.put(ASSIGNMENT)
        self.mount.put(**{"ca.crt": b"one"})
        self.config = replace(
            CONFIG,
            kafka=KafkaAccess(bootstrap="kafka:9093", security="None", ca_file="mounted/ca.crt"),
            store=None,
            assignment_file="mounted/assignment.json",
            http=Listen(host="127.0.0.1", port=0),
            work_dir=".",
        )
        self.processes: list[ServiceProcess] = []

    def put(self, assigned: Assignment | bytes) -> None:
        self.mount.put(**{"assignment.json": assigned if isinstance(assigned, bytes) else encode(assigned)})

    def service(self, *how: str) -> ServiceProcess:
        file = self.folder / "config.json"
        file.write_bytes(encode(self.config))
        command: tuple[str | Path, ...] = (sys.executable, "-m", "tests.support.idle_service", file, *how)
        self.processes.append(ServiceProcess("idle", self.folder, command))
        return self.processes[-1]

    def ended(self, *how: str) -> ServiceProcess:
        """One that ends by itself."""
        service = self.service(*how)
        with pytest.raises(PartError, match=r"ended with|ended before"):
            service.start().until(lambda: False, "it has ended")
        return service


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    for each in home.processes:
        each.kill()


def test_it_says_where_its_pages_are_and_what_is_on_them(home: Home) -> None:
    service = home.service().start()
    (said,) = service.events("listening")
    assert said["http"] == (home.folder / "http").read_text().strip()
    assert service.page("/metrics").text == "up 1\n"
    assert service.page("/readyz") == (503, "it is idle\n")
    assert service.status()["generation"] == ASSIGNMENT.generation
    (started,) = service.events("started")
    assert (started["role"], started["stream"], started["simulated"]) == ("producer", "market.sample", False)


def test_sigterm_ends_it_with_0(home: Home) -> None:
    service = home.service().start()
    began = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - began < 9
    assert service.events("stopped")


def test_it_follows_its_assignment_and_keeps_it_when_a_bad_one_comes(home: Home) -> None:
    service = home.service().start()
    home.put(Assignment(generation=4, symbols=(Symbol("SOLUSDC", "SOL", "USDC"),)))
    service.until(lambda: service.status()["generation"] == 4, "the fourth generation", 20)
    home.put(b'{"schema": 1, "generation": 5, "symbols": []}')
    refused = service.until(lambda: service.events("assignment_refused"), "it refuses the fifth", 20)
    assert refused[0]["faults"] == ["symbols: must have at least 1 element (add one)"]
    assert service.status()["generation"] == 4
    home.put(Assignment(generation=6, symbols=ASSIGNMENT.symbols))
    service.until(lambda: service.status()["generation"] == 6, "the sixth generation", 20)


def test_a_changed_certificate_makes_room_for_a_new_process(home: Home) -> None:
    service = home.service().start()
    home.mount.put(**{"ca.crt": b"two"})
    with pytest.raises(PartError, match="has ended before"):
        service.until(lambda: False, "it has ended", 20)
    assert service.stop() == 0
    assert service.events("certificate_changed")[0]["path"].endswith("ca.crt")


@pytest.mark.parametrize(
    ("how", "detail"),
    [
        ("fails", "another producer has taken over"),
        ("raises", "RuntimeError: this was not thought of"),
        ("ends", "it ended without being asked to"),
    ],
)
def test_work_that_cannot_go_on_ends_it_with_1_and_the_reason(home: Home, how: str, detail: str) -> None:
    service = home.ended(how)
    assert service.stop() == 1
    (failed,) = service.events("failed")
    assert failed["detail"] == detail


def test_what_hangs_does_not_keep_it_from_ending(home: Home) -> None:
    service = home.service("hangs").start()
    assert service.stop(20) == 1
    assert service.events("forced_end")


@pytest.mark.parametrize("how", ["", "unopened"])
def test_what_is_wrong_with_its_files_ends_it_with_2(home: Home, how: str) -> None:
    """Bad configuration: exit code 2, and nothing was opened."""
    if not how:
        home.config = replace(home.config, kafka=KafkaAccess(bootstrap="kafka:9093"))
    service = home.ended(*how.split())
    assert service.stop() == 2
    fragment = "no such certificate" if how else "kafka.usernameFile: must be given with security ScramSha512"
    assert fragment in service.said
    assert not (home.folder / "http").exists()


def test_a_port_that_is_taken_ends_it_with_2(home: Home) -> None:
    first = home.service().start()
    port = int(json.loads(first.said.splitlines()[0])["http"].rpartition(":")[2])
    home.config = replace(home.config, http=Listen(host="127.0.0.1", port=port), work_dir=None)
    second = home.service()
    with pytest.raises(PartError, match="in use"):
        second.start()
    assert second.stop() == 2
