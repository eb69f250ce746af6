"""One open WebSocket: reads frames, sends requests at the exchange's pace. Lives in the feed's event loop."""

import asyncio
from collections.abc import Callable, Collection
from itertools import count
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from cryptostream.core.codec.binance import SHOWN, KlineFrame, Other, Reply, Shutdown, frame
from cryptostream.core.market.interval import Millis
from cryptostream.core.market.series import Series
from cryptostream.core.ports import Clock, FeedReject
from cryptostream.core.result import Err
from cryptostream.exchange.feed_plan import PACE, stream_name
from cryptostream.exchange.waiting import until

_REPLY_SECONDS: Final = 10.0

Opened = tuple[str, ClientConnection]
"""A connection and the endpoint it leads to."""
Receive = Callable[[KlineFrame | FeedReject], None]


class Link:
    """A connection to `url` that carries `carried`.

    `changed` is called when it has `ended` or is about to (`is_leaving`).
    """

    def __init__(
        self,
        opened: Opened,
        carried: Collection[Series],
        clock: Clock,
        receive: Receive,
        changed: Callable[[], None],
    ) -> None:
        self.url, self._socket = opened
        self.carried = set(carried)
        self.opened: Millis = clock.now()
        self.ended = False
        self.is_leaving = False
        self.heard: set[Series] = set()
        """The series that updates came of, since this was cleared."""
        self.updates = 0
        self.updated: tuple[Millis, float] = (self.opened, asyncio.get_running_loop().time())
        """When the last update came: by the clock, and in wall-clock seconds of the loop."""
        self.why: str | None = None
        self._clock = clock
        self._receive = receive
        self._changed = changed
        self._numbers = count(1)
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._may_send: Millis = 0
        self._reading = asyncio.create_task(self._read())

    async def request(self, method: str, series: Collection[Series]) -> bool:
        """SUBSCRIBE or UNSUBSCRIBE; whether the exchange agreed. A connection that does not answer is ended."""
        await until(self._clock, self._may_send)
        self._may_send = self._clock.now() + PACE
        number = next(self._numbers)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        message = {"method": method, "params": [stream_name(each) for each in series], "id": number}
        try:
            await self._socket.send(msgspec.json.encode(message).decode())
            answer = await asyncio.wait_for(reply, _REPLY_SECONDS)
        except (ConnectionClosed, TimeoutError) as error:
            self._end(f"{method} was not answered: {error}")
            return False
        finally:
            del self._replies[number]
        self.why = f"{method}: {answer.error}" if answer.error else self.why
        return answer.error is None

    async def close(self) -> None:
        """End it, with a closing frame if the other side still listens."""
        await self._socket.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        why = "the exchange closed the connection"
        try:
            async for text in self._socket:
                self._take(text)
        except ConnectionClosed as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - whoever listens badly must not leave a connection that nobody reads
            why = repr(error)
        self._end(why)

    def _take(self, text: str | bytes) -> None:
        read = frame(text)
        if isinstance(read, Err):
            shown = text if isinstance(text, str) else text.decode(errors="replace")
            self._receive(FeedReject(read.error.reason, shown[:SHOWN]))
            return
        match read.value:
            case KlineFrame() as update:
                self._updated(update)
            case Shutdown():
                self.is_leaving = True
                self._changed()
            case Reply() as reply:
                self._replied(reply)
            case Other():
                pass

    def _replied(self, reply: Reply) -> None:
        """A refusal may bear no id: then it concerns what is being asked."""
        if reply.error is not None:
            self.why = str(reply.error)
        for number, waiting in self._replies.items():
            if reply.id in {number, None} and not waiting.done():
                waiting.set_result(reply)

    def _updated(self, update: KlineFrame) -> None:
        self.updates += 1
        self.updated = (self._clock.now(), asyncio.get_running_loop().time())
        self.heard.add(update.candle.series)
        self._receive(update)

    def _end(self, why: str) -> None:
        """It is over: whoever waits for a reply need not."""
        self.ended, self.why = True, why
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(TimeoutError(why))
        self._changed()
