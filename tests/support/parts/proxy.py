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
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        _run(self._listen())

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

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
        self._listener = self._listener or await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None
        for writers in self._connections.values():
            for writer in writers:
                _reset(writer)
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _set(self, flow: Flow, directions: tuple[Direction, ...]) -> None:
        self._flows = {each: flow if each in (directions or DIRECTIONS) else now for each, now in self._flows.items()}
        self._changed.set()
        self._changed = asyncio.Event()

    async def _heal(self) -> None:
        await self._set(Flow(), ())
        await self._listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, to its end; what ends by a fault ends with RST on both sides."""
        task = asyncio.current_task()
        assert task is not None
        ends = self._connections[task] = [writer]
        try:
            if self._listener is None:  # cut while it was being accepted
                raise ConnectionResetError
            await self._join(reader, writer, ends)
        except* (OSError, asyncio.CancelledError):
            for end in ends:
                _reset(end)
        finally:
            del self._connections[task]
            for end in ends:
                end.close()

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ends: list[asyncio.StreamWriter]
    ) -> None:
        await self._open("to server")
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
        ends.append(server_writer)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(reader, server_writer, "to server"))
            both.create_task(self._pump(server_reader, writer, "to client"))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        while taken := await reader.read(self._flows[direction].piece):
            await asyncio.sleep(self._flows[direction].delay(len(taken)))
            await self._open(direction)
            writer.write(taken)
            await writer.drain()
        await self._open(direction)
        writer.write_eof()

    async def _open(self, direction: Direction) -> None:
        while not self._flows[direction].open:
            await self._changed.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
