"""The network between a client and a server, to be broken: cut, silent, slow, whole again.

All proxies of a process share one thread. What a fault holds back is not lost: as TCP would send it again after a
network's fault, it arrives after `heal`, unless `cut` has reset the connection meanwhile.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self, TypeVar

from tests.support.parts.ports import claim_port

Direction = Literal["to server", "to client"]
DIRECTIONS: tuple[Direction, ...] = ("to server", "to client")
CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing sends RST
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flow:
    """What one direction does to bytes: nothing passes if not `open`; each piece of at most 64 KB waits `latency` s."""

    open: bool = True
    latency: float = 0.0
    bytes_per_second: float | None = None

    @property
    def piece(self) -> int:
        """Bytes to take at once: a tenth of a second's worth."""
        return CHUNK if self.bytes_per_second is None else max(1, min(CHUNK, int(self.bytes_per_second / 10)))

    def delay(self, size: int) -> float:
        return self.latency + (size / self.bytes_per_second if self.bytes_per_second else 0.0)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="proxies", daemon=True).start()
    return loop


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(30)


class Proxy:
    """One link: who connects to `port` of 127.0.0.1 reaches `target` there, as well as the link's state lets them."""

    def __init__(self, target: int, port: int | None = None) -> None:
        self.target = target
        self.port = port or claim_port()
        self._flows: dict[Direction, Flow] = dict.fromkeys(DIRECTIONS, Flow())
        self._changed = asyncio.Event()
        self._listener: socket.socket | None = None
        self._clients: dict[asyncio.Task[None], socket.socket] = {}
        _run(self._listen())

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    def cut(self) -> None:
        """Resets all connections and refuses new ones, until `heal`."""
        _run(self._close())

    def blackhole(self, *directions: Direction) -> None:
        """Connections stay and new ones are accepted, but nothing gets through these directions (none named: both)."""
        _run(self._set(Flow(open=False), directions))

    def slow(self, *directions: Direction, latency: float = 0.0, bytes_per_second: float | None = None) -> None:
        """Every piece of up to 64 KB waits `latency` seconds, and no more than this many bytes pass a second."""
        _run(self._set(Flow(latency=latency, bytes_per_second=bytes_per_second), directions))

    def heal(self) -> None:
        """A link without faults, whatever was done to it."""
        _run(self._heal())

    def close(self) -> None:
        _run(self._close())

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
            self._listener.setblocking(False)
            _loop().add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is gone already
            client, _ = listener.accept()
            task = _loop().create_task(self._serve(client))
            self._clients[task] = client
            task.add_done_callback(self._clients.pop)

    async def _close(self) -> None:
        if self._listener:
            _loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        tasks = [*self._clients]
        for task, client in [*self._clients.items()]:
            task.cancel()
            _reset(client)  # its task may not even have begun
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _set(self, flow: Flow, directions: tuple[Direction, ...]) -> None:
        self._flows = {each: flow if each in (directions or DIRECTIONS) else now for each, now in self._flows.items()}
        self._changed.set()
        self._changed = asyncio.Event()

    async def _heal(self) -> None:
        await self._set(Flow(), ())
        await self._listen()

    async def _serve(self, client: socket.socket) -> None:
        """One client, to its end; what ends by a fault ends with RST on both sides."""
        with client, socket.socket() as server:
            client.setblocking(False)
            server.setblocking(False)
            try:
                await self._open("to server")
                await asyncio.get_running_loop().sock_connect(server, ("127.0.0.1", self.target))
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(client, server, "to server"))
                    both.create_task(self._pump(server, client, "to client"))
            except* (OSError, asyncio.CancelledError):
                _reset(client)
                _reset(server)

    async def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        loop = asyncio.get_running_loop()
        while taken := await loop.sock_recv(source, self._flows[direction].piece):
            await asyncio.sleep(self._flows[direction].delay(len(taken)))
            await self._open(direction)
            await loop.sock_sendall(sink, taken)
        await self._open(direction)
        sink.shutdown(socket.SHUT_WR)

    async def _open(self, direction: Direction) -> None:
        while not self._flows[direction].open:
            await self._changed.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _reset(end: socket.socket) -> None:
    with suppress(OSError):  # closed already
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.close()
