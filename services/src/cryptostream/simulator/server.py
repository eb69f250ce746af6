"""The server: one port for REST, WebSocket, archive and admin, in one event loop."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

from cryptostream.core.market.interval import Millis
from cryptostream.core.ports import Clock
from cryptostream.simulator.admin import clock_answer, counts_answer, faults_answer, truth_answer
from cryptostream.simulator.archive import archive_answer
from cryptostream.simulator.config import Addresses, SimulatorConfig
from cryptostream.simulator.control import Subscriptions
from cryptostream.simulator.faults import FaultSwitch, matches
from cryptostream.simulator.front import Front
from cryptostream.simulator.http11 import Answer, BadRequestError, Request, read_request, rendered
from cryptostream.simulator.hub import Hub
from cryptostream.simulator.market import Market
from cryptostream.simulator.state import State, state_at
from cryptostream.simulator.websocket import Socket, handshake

_LONGEST_SLEEP = 0.05
"""Wall-clock seconds after which a sleeping beat looks at the clock again: a test may have moved it."""


class Server:
    """Everything that lives in the event loop. Its public methods are called there, `state` from anywhere."""

    def __init__(self, config: SimulatorConfig, clock: Clock, market: Market, switch: FaultSwitch) -> None:
        self._config = config
        self._clock = clock
        self._market = market
        self._switch = switch
        self.front = Front(self.state, switch)
        self.hub = Hub(self.state)
        self._clients: set[asyncio.Task[None]] = set()

    def state(self) -> State:
        """The exchange as it stands now."""
        now = self._switch.now_micros()
        return state_at(now, self._market, self._switch.value, self._config.limits, self._config.seed)

    async def run(self, started: Callable[[Addresses], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set; `started` is told the addresses.

        Raises
        ------
        OSError
            If the port cannot be had.
        """
        server = await asyncio.start_server(self._connected, self._config.host, self._config.port, limit=2**17)
        host, port = server.sockets[0].getsockname()[:2]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._beat()), group.create_task(self._look_after())]
            started(Addresses(f"http://{host}:{port}", f"ws://{host}:{port}", f"http://{host}:{port}"))
            await stop.wait()
            server.close()
            for task in (*tasks, *self._clients):
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    def cut(self) -> None:
        """End every WebSocket without a word."""
        for socket in tuple(self.hub.sockets):
            socket.cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._clients.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, BadRequestError, asyncio.CancelledError):
            pass  # the client went away, speaks something else, or the server stops
        finally:
            self._clients.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername", ("",))[0])
        while request := await read_request(reader, peer):
            if self._switch.value.refuse_connections and not request.path.startswith("/_"):
                writer.transport.abort()
                return
            came = self._switch.now_micros()
            answer = await self._upgrade(request, reader, writer) if request.is_upgrade else await self._answer(request)
            if answer is None:
                return
            self.front.answers[request.path, answer.status] += 1
            writer.write(rendered(answer, came, keep_alive=request.keeps_alive))
            await writer.drain()
            if not request.keeps_alive:
                return

    async def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/_"):
            return await self._admin(request)
        if matches(request.path, (self._switch.value.paths,)):
            await asyncio.sleep(self._switch.value.answer_delay_seconds)
        if request.path.startswith("/data/"):
            return await asyncio.to_thread(archive_answer, request.path, self.state())
        admitted = self.front.admit(request)
        if isinstance(admitted, Answer):
            return admitted
        return await asyncio.to_thread(self.front.reply, request, admitted)

    async def _admin(self, request: Request) -> Answer:
        match request.path:
            case "/_faults":
                return faults_answer(request, self._switch)
            case "/_truth":
                return await asyncio.to_thread(truth_answer, request, self.state())
            case "/_clock":
                return clock_answer(self.state())
            case "/_answers":
                return counts_answer(self.front.answers, len(self.hub.sockets))
            case "/_cut" if request.method == "POST":
                self.cut()
                return Answer(200, b"{}")
            case "/_shutdown" if request.method == "POST":
                self.hub.announce(self.state().view.now)
                return Answer(200, b"{}")
            case _:
                return Answer(404)

    async def _upgrade(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Answer | None:
        """Serve a WebSocket to its end; or the answer that refuses it."""
        wanted = subscriptions_of(request.path, request.query)
        if wanted is None or len(wanted.streams) > self._config.streams_per_socket:
            return Answer(404 if wanted is None else 400)
        refusal = self.front.admit_socket(request.peer)
        if refusal:
            return refusal
        hands = handshake(request)
        if isinstance(hands, Answer):
            return hands
        self.front.answers[request.path, 101] += 1
        socket = Socket(writer, self._config, wanted, self._switch.now, self.hub.update)
        self.hub.update(socket)  # before the client knows: what closes from its handshake on, it is told
        writer.write(hands)
        try:
            await socket.serve(reader)
        finally:
            self.hub.remove(socket)
        return None

    async def _beat(self) -> None:
        while True:
            wait: Millis = self.hub.beat()
            await asyncio.sleep(min(self._clock.real_seconds(wait), _LONGEST_SLEEP))

    async def _look_after(self) -> None:
        while True:
            for socket in tuple(self.hub.sockets):
                socket.look_after()
            await asyncio.sleep(min(_LONGEST_SLEEP, self._config.ping_seconds / 4))


def subscriptions_of(path: str, query: str) -> Subscriptions | None:
    """What a WebSocket opened at this address is subscribed to; None if there is nothing at it."""
    asked = parse_qs(query)
    scale = 1000 if asked.get("timeUnit", [""])[0].upper() == "MICROSECOND" else 1
    clean = unquote(path).strip("/")
    if clean == "stream":
        return Subscriptions(_names(asked.get("streams", [""])[0]), combined=True, scale=scale)
    if clean == "ws" or clean.startswith("ws/"):
        return Subscriptions(_names(clean[3:]), scale=scale)
    return None


def _names(joined: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in joined.split("/") if name))
