"""A small made-up exchange, and CSV of what it holds."""

from pathlib import Path

from cryptostream.core.market.interval import DAY, Millis
from cryptostream.core.market.series import Series, Symbol
from cryptostream.simulator.config import SimulatorConfig
from cryptostream.simulator.listing import LISTED, Listing
from cryptostream.simulator.row import Row, csv_row

BTC = Listing("BTC", "USDC", 2, 5, 9_435_000, 900, trades_per_day=4_000)
LTC = Listing("LTC", "USDC", 2, 3, 10_310, 2_000, trades_per_day=300, quiet=64)
NOW: Millis = LISTED + 60 * DAY + 12_345_678
"""A moment in the middle of everything: second 5 of a minute."""

CONFIG = SimulatorConfig(seed=7, listings=(BTC, LTC))
SYMBOLS = {each.name: Symbol(each.name, each.coin, each.quote) for each in (BTC, LTC)}
BTC_1M = Series("BTCUSDC", "1m")


def write_csv(path: Path, rows: tuple[Row, ...], *, scale: int = 1, header: str = "") -> Path:
    path.write_text(header + "".join(csv_row(row, scale) + "\n" for row in rows))
    return path
