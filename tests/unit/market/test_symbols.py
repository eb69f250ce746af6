from math import inf

import pytest

from cryptostream.core.market.reject import Rejected
from cryptostream.core.market.series import Symbol
from cryptostream.core.market.symbols import (
    are_decimals,
    get_valid_coins,
    is_valid_symbol,
    safe_convert,
    symbol_of,
)
from cryptostream.core.ports import SymbolInfo
from cryptostream.core.result import Err, Ok


@pytest.mark.parametrize(
    "text", ["BTCUSDC", "1000SATSUSDT", "BTC", "1INCH", "BTC-USD_PERP", "A.B", "币安人生USDT", "ЖUSDT", "X" * 50]
)
def test_names_that_the_exchange_allows(text: str) -> None:
    assert is_valid_symbol(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "btcusdc",
            "BTCusdc",
            "BTC USDC",
            "BTC/USDC",
            "BTC|USDC",
            "BTC,X",
            "BTC=X",
            "BTCUSDC\n",
            "币安 ",
            "X" * 51,
        ),
        *(None, 7, b"BTCUSDC", ["BTCUSDC"]),
    ],
)
def test_names_that_it_does_not(text: object) -> None:
    assert not is_valid_symbol(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("112890.01", 112890.01),
        ("0.00000774", 7.74e-06),
        ("7.74e-06", 7.74e-06),
        ("1E5", 1e5),
        ("0", 0.0),
        ("-1.5", -1.5),
        ("0.1", 0.1),
        ("9007199254740993", 9007199254740992.0),
    ],
)
def test_decimals_become_the_nearest_float(text: str, number: float) -> None:
    assert safe_convert(text, "close") == Ok(number)
    assert are_decimals([text])


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "-Infinity", "1_000", " 1", "1 ", "1 2", "1,5", "+1", ".5", "1.", "007", "0x10", "\uff11", "1e"],
)
def test_what_is_no_decimal_is_named(text: str) -> None:
    assert safe_convert(text, "close") == Err(Rejected("bad_number", f"close is no decimal: {text!r}"))
    assert not are_decimals(["1", text])


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_value_is_not_zero(value: object) -> None:
    assert safe_convert(value, "close") == Err(Rejected("bad_number", "close is missing"))


@pytest.mark.parametrize("value", [1.5, 1, True, b"1", ["1"]])
def test_only_strings_are_decimals(value: object) -> None:
    assert isinstance(safe_convert(value, "close"), Err)


def test_a_number_beyond_all_floats_is_refused() -> None:
    assert float("1e400") == inf
    assert safe_convert("1e400", "volume") == Err(Rejected("bad_number", "volume is too large: 1e400"))


def info(coin: str, quote: str = "USDC", status: str = "TRADING") -> SymbolInfo:
    return SymbolInfo(coin + quote, coin, quote, status)


KNOWN = {each.name: each for each in (info("BTC"), info("ETH", status="BREAK"), info("币安人生"), info("BTC", "USDT"))}


def test_coins_become_symbols_in_their_order() -> None:
    found = get_valid_coins(["ETH", "BTC", "ETH", "币安人生"], "USDC", KNOWN)
    assert found.symbols == (
        Symbol("ETHUSDC", "ETH", "USDC"),
        Symbol("BTCUSDC", "BTC", "USDC"),
        Symbol("币安人生USDC", "币安人生", "USDC"),
    )
    assert found.faults == ()


def test_a_coin_without_a_market_is_named_and_the_others_stay() -> None:
    found = get_valid_coins(["BTC", "NOPE", "eth", ""], "USDC", KNOWN)
    assert found.symbols == (symbol_of("BTC", "USDC"),)
    assert [(coin, fault.reason) for coin, fault in found.faults] == [
        ("NOPE", "unknown_symbol"),
        ("eth", "unknown_symbol"),
        ("", "unknown_symbol"),
    ]
    assert "NOPEUSDC" in found.faults[0][1].detail
    assert "write it as the exchange does" in found.faults[1][1].detail


def test_a_symbol_of_another_pair_is_not_taken_for_ours() -> None:
    known = {"BTCUSDC": SymbolInfo("BTCUSDC", "BT", "CUSDC", "TRADING")}
    found = get_valid_coins(["BTC"], "USDC", known)
    assert found.symbols == ()
    assert found.faults[0][1].detail == "BTCUSDC is BT against CUSDC: name those instead"
