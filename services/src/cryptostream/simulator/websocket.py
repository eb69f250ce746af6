"""One WebSocket connection: frames in and out, the rules of the link, and what it is subscribed to.

The protocol is that of `websockets` without its I/O, so that pings, pongs and the count of incoming
messages are in the simulator's hands.
"""

import asyncio
from collections.abc import Callable, Iterable

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.control import Subscriptions, respond
from cryptostream.simulator.grid import HOUR
from cryptostream.simulator.http11 import Answer, Request

_PATIENCE = 5.0
"""Wall-clock seconds that a client has to answer a closing frame."""


def text_frame(text: str) -> bytes:
    """One message on the wire."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def handshake(request: Request) -> bytes | Answer:
    """The bytes that make a WebSocket of the connection, or the refusal."""
    key = request.headers.get("sec-websocket-key")
    if request.method != "GET" or not key or request.headers.get("sec-websocket-version") != "13":
        return Answer(426, headers={"Upgrade": "websocket", "Sec-WebSocket-Version": "13"})
    lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
    return "\r\n".join((*lines, f"Sec-WebSocket-Accept: {accept_key(key)}", "", "")).encode()


class Socket:
    """One connection after its handshake. `changed` is told when its subscriptions have."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        config: SimulatorConfig,
        subscriptions: Subscriptions,
        now: Callable[[], Millis],
        changed: Callable[["Socket"], None],
    ) -> None:
        self.subscriptions = subscriptions
        self._writer = writer
        self._config = config
        self._now = now
        self._changed = changed
        self._protocol = ServerProtocol(state=OPEN, max_size=2**20)
        self._loop = asyncio.get_running_loop()
        self._opened = now()
        self._pinged = self._loop.time()
        self._unanswered: dict[bytes, float] = {}
        self._second = 0
        self._received = 0
        self._parts: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Live until either side ends it."""
        while data := await reader.read(2**16):
            self._protocol.receive_data(data)
            for event in self._protocol.events_received():
                if isinstance(event, Frame):
                    self._receive(event)
            self._flush()
        self._protocol.receive_eof()

    def send(self, frames: Iterable[bytes]) -> None:
        """Send ready frames; a client that does not read is cut off, as the exchange does."""
        if self._protocol.state is OPEN:
            self._writer.write(b"".join(frames))
            if self._writer.transport.get_write_buffer_size() > self._config.backlog_bytes:
                self.cut()

    def cut(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()

    def close(self, code: int, reason: str) -> None:
        """Say good-bye; whoever does not answer is cut off."""
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
            self._loop.call_later(_PATIENCE, self.cut)

    def look_after(self) -> None:
        """Ping when it is time, and end what is too old or does not answer."""
        time = self._loop.time()
        if self._now() - self._opened >= self._config.socket_hours * HOUR:
            self.close(1001, "24 hours are over")
        if any(time - sent > self._config.pong_seconds for sent in self._unanswered.values()):
            self.close(1008, "Pong timeout")
        if time - self._pinged >= self._config.ping_seconds and self._protocol.state is OPEN:
            payload = str(int(time * 1_000_000)).encode()
            self._pinged = self._unanswered[payload] = time
            self._protocol.send_ping(payload)
            self._flush()

    def _receive(self, frame: Frame) -> None:
        if not self._may_say_more():
            self.close(1008, "Too many requests")
        elif frame.opcode == Opcode.PONG:
            if bytes(frame.data) in self._unanswered:  # any other payload does not count
                self._unanswered.clear()
        elif frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                text, self._parts = b"".join(self._parts).decode(errors="replace"), []
                self._answer(text)
        elif frame.opcode != Opcode.PING:  # the protocol answers a ping itself
            return

    def _may_say_more(self) -> bool:
        second = self._now() // 1000
        self._received = self._received + 1 if second == self._second else 1
        self._second = second
        return self._received <= self._config.messages_per_second

    def _answer(self, text: str) -> None:
        before = self.subscriptions
        self.subscriptions, answer = respond(before, text, self._config.streams_per_socket)
        if self.subscriptions.streams != before.streams:
            self._changed(self)
        self.send((text_frame(answer),))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
            else:
                self._writer.close()
