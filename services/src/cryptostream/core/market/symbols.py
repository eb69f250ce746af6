"""Cleaning of what comes from people and exchanges: symbols, numbers, lists of coins. Pure."""

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Final, Protocol

import msgspec

from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Symbol
from cryptostream.core.result import Err, Ok, Result

LONGEST: Final = 50
"""Characters of a symbol, at most."""

_SYMBOL: Final = re.compile(r"(?:[^\Wa-z]|[-.])+")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class Market(Protocol):
    """What `get_valid_coins` must know of a market of the exchange; `core.ports.SymbolInfo` is one."""

    @property
    def name(self) -> str: ...

    @property
    def coin(self) -> str: ...

    @property
    def quote(self) -> str: ...


class ValidCoins(msgspec.Struct, frozen=True):
    """A list of coins, parted: the markets there are, and each coin that has none with the reason."""

    symbols: tuple[Symbol, ...]
    faults: tuple[tuple[str, Rejected], ...] = ()


def is_valid_symbol(text: object) -> bool:
    """Whether `text` can be the name of a symbol, or of a coin.

    The exchange's own rule as seen since 2025-12: 1 to 50 letters, digits, `-`, `.` and `_`, none of them a
    Latin small letter. Letters of any script are allowed: some symbols have Chinese names.
    """
    return isinstance(text, str) and len(text) <= LONGEST and _SYMBOL.fullmatch(text) is not None


def safe_convert(value: object, field: str = "value") -> Result[float, Rejected]:
    """The finite number that a decimal of the exchange stands for; `field` names it in the error.

    Only what JSON calls a number counts: Python's own `float` would also take `1_000`, `nan` and ` 1`.
    """
    if value is None or value == "":
        return Err(Rejected("bad_number", f"{field} is missing"))
    if not isinstance(value, str) or _DECIMAL.fullmatch(value) is None:
        return Err(Rejected("bad_number", f"{field} is no decimal: {repr(value)[:80]}"))
    number = float(value)
    if not isfinite(number):
        return Err(Rejected("bad_number", f"{field} is too large: {value[:80]}"))
    return Ok(number)


def are_decimals(texts: Iterable[str]) -> bool:
    """Whether each of `texts` is a decimal, in the form of a JSON number."""
    return all(map(_DECIMAL.fullmatch, texts))


def symbol_of(coin: str, quote: str) -> Symbol:
    """The market of `coin` against `quote`, by the exchange's way of naming."""
    return Symbol(coin + quote, coin, quote)


def get_valid_coins(coins: Iterable[str], quote: str, known: Mapping[str, Market]) -> ValidCoins:
    """Part `coins` into those that the exchange trades against `quote` and those it does not.

    Parameters
    ----------
    coins
        Base assets as the exchange writes them; a repeated one counts once.
    known
        What the exchange says of its symbols, by name.
    """
    found = {coin: _market(coin, quote, known) for coin in coins}
    return ValidCoins(
        symbols=tuple(each.value for each in found.values() if isinstance(each, Ok)),
        faults=tuple((coin, each.error) for coin, each in found.items() if isinstance(each, Err)),
    )


def _market(coin: str, quote: str, known: Mapping[str, Market]) -> Result[Symbol, Rejected]:
    wanted = symbol_of(coin, quote)
    if not is_valid_symbol(wanted.name):
        return _unknown(f"{repr(coin)[:60]} cannot be a coin: write it as the exchange does, such as BTC")
    market = known.get(wanted.name)
    if market is None:
        return _unknown(f"the exchange has no {wanted.name}: check the coin {coin} and the quote {quote}")
    if (market.coin, market.quote) != (coin, quote):
        return _unknown(f"{wanted.name} is {market.coin} against {market.quote}: name those instead")
    return Ok(wanted)


def _unknown(detail: str) -> Err[Rejected]:
    return Err(Rejected("unknown_symbol", detail))
