"""What is traded: coins, symbols, quote and intervals of a `CryptoStream`. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from cryptostream.core.market.interval import DAY, HOUR, INTERVALS, MINUTE, SECOND
from cryptostream.core.market.series import Symbol
from cryptostream.core.market.symbols import is_valid_symbol, symbol_of
from cryptostream.core.resource.fields import Faults, Field, Parsed, Parser, Required, items, kind, shown, wrong
from cryptostream.core.resource.spec import Fault, StreamSpec

MOST_SYMBOLS: Final = 1000
DEFAULT_QUOTE: Final = "USDC"

QUOTES: Final = (
    *("USDC", "USDT", "FDUSD", "TUSD", "BUSD", "USD1", "USDP", "DAI", "U"),
    *("BTC", "ETH", "BNB", "SOL", "XRP", "TRX", "DOGE"),
    *("EUR", "TRY", "BRL", "JPY", "ARS", "MXN", "PLN", "RON", "CZK", "ZAR", "UAH", "COP", "AUD", "GBP", "RUB", "IDR"),
)
"""Assets that Binance quotes prices in."""
_NEVER_PART_OF_A_COIN: Final = frozenset({"USDC", "USDT", "FDUSD", "TUSD"})
_SPELLED: Final = re.compile(r"([0-9]{1,5}) *([A-Za-z]{1,7})")
_UNITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("s", "sec", "second"), SECOND),
    **dict.fromkeys(("m", "min", "minute"), MINUTE),
    **dict.fromkeys(("h", "hr", "hour"), HOUR),
    **dict.fromkeys(("d", "day"), DAY),
    **dict.fromkeys(("w", "week"), 7 * DAY),
    **dict.fromkeys(("mo", "mon", "month"), INTERVALS["1M"].step),
}


def _asset(clean: Callable[[str], str]) -> Parser[str]:
    """The parser of a name as the exchange writes it; `clean` makes the likely one out of a wrong one."""

    def parse(value: object, path: str) -> Parsed[str]:
        if not isinstance(value, str):
            return wrong(path, f"must be a string, not {kind(value)}", "put the name in quotes")
        if is_valid_symbol(value):
            return Parsed(value)
        message = f"must be a name of the exchange: upper case, without spaces and slashes, not {kind(value)}"
        better = clean(value.upper())
        return wrong(path, message, f"write {better}" if is_valid_symbol(better) else "write for example BTC")

    return parse


def _first_word(text: str) -> str:
    return re.split(r"[\s/:]+", text.strip())[0]


def _in_one_word(text: str) -> str:
    return re.sub(r"[\s/:]+", "", text)


def interval(value: object, path: str) -> Parsed[str]:
    """One of the sixteen intervals."""
    if isinstance(value, str) and value in INTERVALS:
        return Parsed(value)
    message = f"must be one of {', '.join(INTERVALS)}, not {kind(value)}"
    meant = _meant(value) if isinstance(value, str) else None
    return wrong(path, message, f"did you mean {meant}?" if meant else "choose one of them; 1m is a minute, 1M a month")


def _meant(text: str) -> str | None:
    """The interval of the length that `text` spells in another way (`60m`, `1D`, `1mo`, `1 hour`)."""
    spelled = _SPELLED.fullmatch(text.strip())
    if spelled is None:
        return None
    unit = spelled[2].lower()
    length = int(spelled[1]) * _UNITS.get(unit, _UNITS.get(unit.removesuffix("s"), 0))
    return next((name for name, each in INTERVALS.items() if each.step == length), None)


FIELDS: Final = (
    Field("coins", items(_asset(_first_word), most=MOST_SYMBOLS, key=str)),
    Field("symbols", items(_asset(_in_one_word), most=MOST_SYMBOLS, key=str)),
    Field("quote", _asset(_first_word), DEFAULT_QUOTE),
    Field("intervals", items(interval, most=16, key=str), Required("write for example intervals: [1m, 1h]", ())),
)


def symbols(attributes: Mapping[str, Any], given: Mapping[Any, object]) -> tuple[tuple[Symbol, ...], Faults]:
    """The markets that the fields name, either by coins or by symbols; `given` is the object as written."""
    by_coins, by_symbols = (given.get(name) is not None for name in ("coins", "symbols"))
    if by_coins and by_symbols:
        return (), (Fault("spec.symbols", "must not be given together with coins", "remove one of the two"),)
    if not by_coins and not by_symbols:
        return (), (Fault("spec.coins", "must be given", "write for example coins: [BTC, ETH]"),)
    names, quote = attributes["coins" if by_coins else "symbols"] or (), attributes["quote"]
    if by_symbols:
        return _split_all(names, _written(given, "symbols"), quote)
    places = _written(given, "coins")
    faults = tuple(fault for coin in names for fault in _odd_coin(coin, quote, f"spec.coins[{places[coin]}]"))
    return tuple(symbol_of(coin, quote) for coin in names), faults


def _written(given: Mapping[Any, object], field: str) -> Mapping[str, int]:
    """Where each name stands first in the document: parsed tuples leave out what could not be read."""
    names = given[field]
    names = names if isinstance(names, list) else []
    return {name: place for place, name in reversed([*enumerate(names)]) if isinstance(name, str)}


def _odd_coin(coin: str, quote: str, path: str) -> Iterator[Fault]:
    if coin == quote:
        yield Fault(path, f"must not be the quote {quote} itself", "remove it, or choose another quote")
    elif not is_valid_symbol(coin + quote):
        yield Fault(path, f"must leave room for the quote: {coin + quote} is too long", "check the name")
    elif quote in _NEVER_PART_OF_A_COIN and coin.endswith(quote):
        yield Fault(path, f"must be a coin, not the symbol {coin}", f"write {coin.removesuffix(quote)}")


def _split_all(names: Iterable[str], places: Mapping[str, int], quote: str) -> tuple[tuple[Symbol, ...], Faults]:
    parted = {name: _split(name, quote) for name in names}
    faults = tuple(
        Fault(
            f"spec.symbols[{places[name]}]",
            f"must end in its quote asset: {shown(name)} ends in none that is known",
            "set spec.quote to its quote asset, and put markets of other quotes into another stream",
        )
        for name, symbol in parted.items()
        if symbol is None
    )
    return tuple(symbol for symbol in parted.values() if symbol is not None), faults


def _split(name: str, quote: str) -> Symbol | None:
    """`name` parted into coin and quote: the quote of the stream if it fits, else the longest that is known."""
    fitting = (each for each in (quote, *sorted(QUOTES, key=len, reverse=True)) if name.endswith(each) and name != each)
    found = next(fitting, None)
    return None if found is None else Symbol(name, name.removesuffix(found), found)


def unknown_symbol(spec: StreamSpec, symbol: Symbol) -> Fault:
    """The fault of a symbol of `spec` that the exchange does not have, which only the exchange can tell."""
    path = f"spec.{spec.named_by}[{spec.symbols.index(symbol)}]"
    if spec.named_by == "symbols":
        return Fault(path, f"must be a symbol of the exchange: there is no {symbol.name}", "check how it is written")
    message = f"must be a coin that is traded against {symbol.quote}: the exchange has no {symbol.name}"
    return Fault(path, message, "check the coin, or choose another quote")
