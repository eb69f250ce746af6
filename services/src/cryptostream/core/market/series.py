"""Names of what is traded and of the series of candles. Pure."""

import msgspec

EXCHANGE = "binance"


class Symbol(msgspec.Struct, frozen=True, order=True):
    """A market: `name` as the exchange writes it (`BTCUSDC`), its coin and its quote asset."""

    name: str
    coin: str
    quote: str


class Series(msgspec.Struct, frozen=True, order=True):
    """The candles of one symbol over one interval; `interval` is a name of `INTERVALS`."""

    symbol: str
    interval: str

    def __str__(self) -> str:
        return f"{self.symbol}/{self.interval}"
