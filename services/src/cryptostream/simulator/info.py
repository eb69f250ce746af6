"""exchangeInfo: what is traded, in which steps, and whether it trades. Pure."""

from typing import Any

from cryptostream.core.market.interval import Millis
from cryptostream.simulator.events import is_dark, of_symbol
from cryptostream.simulator.faults import Faults
from cryptostream.simulator.market import Traded
from cryptostream.simulator.params import Params, symbols_of
from cryptostream.simulator.state import State

_ORDER_TYPES = (
    *("LIMIT", "LIMIT_MAKER", "MARKET"),
    *("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"),
)
_ABILITIES = (
    *("icebergAllowed", "ocoAllowed", "otoAllowed", "opoAllowed", "quoteOrderQtyMarketAllowed"),
    *("allowTrailingStop", "cancelReplaceAllowed", "amendAllowed", "pegInstructionsAllowed"),
    *("isSpotTradingAllowed", "isMarginTradingAllowed"),
)


def exchange_info(params: Params, state: State) -> dict[str, Any]:
    """The answer to checked `params`."""
    asked = [params["symbol"]] if params.get("symbol") else symbols_of(params.get("symbols", ""))
    names = state.symbols()
    entries = (
        _symbol(one, status_of(one.name, state.faults, state.view.now))
        for one in state.market.symbols
        if one.name in names and (asked is None or one.name in asked)
    )
    wanted = params.get("symbolStatus")
    return {
        "timezone": "UTC",
        "serverTime": state.view.now,
        "rateLimits": [
            _rate("REQUEST_WEIGHT", "MINUTE", 1, state.limits.weight_per_minute),
            _rate("ORDERS", "SECOND", 10, 100),
            _rate("ORDERS", "DAY", 1, 200_000),
            _rate("RAW_REQUESTS", "MINUTE", 5, 300_000),
        ],
        "exchangeFilters": [],
        "symbols": [entry for entry in entries if wanted is None or entry["status"] == wanted],
    }


def status_of(symbol: str, faults: Faults, now: Millis) -> str:
    """BREAK while its candles are absent, HALT while it does not trade, TRADING otherwise."""
    events = of_symbol(faults.events, symbol)
    if is_dark(events.absent, now):
        return "BREAK"
    return "HALT" if is_dark(events.dark, now) else "TRADING"


def _rate(kind: str, interval: str, count: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _symbol(one: Traded, status: str) -> dict[str, Any]:
    return {
        "symbol": one.name,
        "status": status,
        "baseAsset": one.coin,
        "baseAssetPrecision": 8,
        "quoteAsset": one.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _ORDER_TYPES,
        **dict.fromkeys(_ABILITIES, True),
        "filters": _filters(one),
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _filters(one: Traded) -> list[dict[str, Any]]:
    tick, lot = _step(one.price_decimals), _step(one.lot_decimals)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000000.00000000", "stepSize": lot},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": "100000.00000000",
            "stepSize": "0.00000000",
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000",
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]


def _step(decimals: int) -> str:
    return f"{10.0**-decimals:.8f}"
