"""The chain of trade ids: proof that no trade lies between two candles. Pure.

Binance numbers the trades of a symbol without holes, so a candle that states its first and last id
holds `last - first + 1` trades, and the next candle's first id is this one's last plus one.
"""

from collections.abc import Iterable


def follows(last_trade_id: int | None, first_trade_id: int | None) -> bool | None:
    """Whether the second candle starts with the trade after the first one's last; None if either is unknown."""
    if last_trade_id is None or first_trade_id is None:
        return None
    return first_trade_id == last_trade_id + 1


def fills(last_before: int | None, trades: Iterable[int | None], first_after: int | None) -> bool | None:
    """Whether the filled candles hold exactly the trades between two known ids.

    Parameters
    ----------
    last_before, first_after
        Last id before the hole and first id after it, None where the source does not state them.
    trades
        Number of trades of each candle that fills the hole.

    Returns
    -------
    None if any of the figures is unknown, so that nothing is proved.
    """
    counts = tuple(trades)
    if last_before is None or first_after is None or any(count is None for count in counts):
        return None
    return sum(count for count in counts if count is not None) == first_after - last_before - 1
