"""Who is subscribed to what, and the beat that sends each stream what is due."""

import heapq
from collections.abc import Callable, Iterable
from itertools import count

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.grid import SECOND
from cryptostream.simulator.row import Push, kline_event
from cryptostream.simulator.state import State
from cryptostream.simulator.streams import LATEST, Position, Stream, beginning, due, reach, stream_of
from cryptostream.simulator.websocket import Socket, text_frame


class Hub:
    """The sockets and the streams they follow. Lives in the server's event loop; not thread-safe."""

    def __init__(self, state: Callable[[], State]) -> None:
        self.sockets: set[Socket] = set()
        self._state = state
        self._followed: dict[str, tuple[Stream, Position]] = {}
        self._followers: dict[str, set[Socket]] = {}
        self._following: dict[Socket, tuple[str, ...]] = {}
        self._late: list[tuple[Millis, int, str, Push]] = []
        self._order = count()

    def update(self, socket: Socket) -> None:
        """Follow what `socket` is subscribed to now."""
        self.sockets.add(socket)
        before, after = set(self._following.get(socket, ())), socket.subscriptions.streams
        self._following[socket] = after
        for name in before.difference(after):
            self._leave(name, socket)
        self._join([name for name in after if name not in before], socket)

    def remove(self, socket: Socket) -> None:
        """Forget a socket that has ended."""
        self.sockets.discard(socket)
        for name in self._following.pop(socket, ()):
            self._leave(name, socket)

    def beat(self) -> Millis:
        """Send what is due and say in how many ms (of the exchange) to come back."""
        state = self._state()
        pushes: list[tuple[str, Push]] = []
        behind = False
        for name, (stream, position) in self._followed.items():
            moved, sent = due(stream, position, state)
            behind = behind or moved.until < reach(state.view.now)
            self._followed[name] = (stream, moved)
            pushes += [(name, push) for push in sent]
        self._send([*self._due_late(state.view.now), *self._punctual(pushes, state.view.now)])
        return 0 if behind else self._wait(state.view.now)

    def announce(self, event_time: Millis) -> None:
        """Tell every socket that the server is about to shut down."""
        for socket in self.sockets:
            payload = f'{{"e":"serverShutdown","E":{event_time * socket.subscriptions.scale}}}'
            combined = f'{{"stream":"!serverShutdown","data":{payload}}}'
            socket.send((text_frame(combined if socket.subscriptions.combined else payload),))

    def _join(self, names: list[str], socket: Socket) -> None:
        state = self._state()
        symbols, position = state.symbols(), beginning(state.view.now)
        for name in names:
            self._followers.setdefault(name, set()).add(socket)
            stream = stream_of(name, symbols)
            if stream:
                self._followed.setdefault(name, (stream, position))

    def _leave(self, name: str, socket: Socket) -> None:
        followers = self._followers.get(name, set())
        followers.discard(socket)
        if not followers:
            self._followers.pop(name, None)
            self._followed.pop(name, None)

    def _punctual(self, pushes: list[tuple[str, Push]], now: Millis) -> Iterable[tuple[str, Push]]:
        """Those to be sent now; the late ones are put aside."""
        for name, push in pushes:
            if push.at <= now:
                yield name, push
            else:
                heapq.heappush(self._late, (push.at, next(self._order), name, push))

    def _due_late(self, now: Millis) -> Iterable[tuple[str, Push]]:
        while self._late and self._late[0][0] <= now:
            _, _, name, push = heapq.heappop(self._late)
            yield name, push

    def _send(self, pushes: list[tuple[str, Push]]) -> None:
        frames: dict[Socket, list[bytes]] = {}
        for name, push in sorted(pushes, key=lambda named: named[1].at):
            encoded: dict[tuple[bool, int], bytes] = {}
            for socket in self._followers.get(name, ()):
                form = (socket.subscriptions.combined, socket.subscriptions.scale)
                if form not in encoded:
                    encoded[form] = _frame(name, push, *form)
                frames.setdefault(socket, []).append(encoded[form])
        for socket, ready in frames.items():
            socket.send(ready)

    def _wait(self, now: Millis) -> Millis:
        """Up to the next second, when candles close, or the next late update."""
        following = reach(now) + SECOND + LATEST
        return min([following, *(at for at, *_ in self._late[:1])]) - now


def _frame(name: str, push: Push, combined: bool, scale: int) -> bytes:  # noqa: FBT001 - the key of a dictionary
    event = kline_event(push, scale)
    return text_frame(f'{{"stream":"{name}","data":{event}}}' if combined else event)
