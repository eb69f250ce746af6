"""Functions of TA-Lib that cannot be offered, with the reason and what to use instead. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a function is refused, and what serves instead."""

    reason: str
    remedy: str


def _unbounded(remedy: str, *names: str) -> dict[str, Refusal]:
    reason = "has unbounded memory: its value depends on where the calculation started, so it cannot be repeated"
    return {name: Refusal(reason, remedy) for name in names}


_CYCLES = ("HT_DCPERIOD", "HT_DCPHASE", "HT_PHASOR", "HT_SINE", "HT_TRENDLINE", "HT_TRENDMODE")
_ADAPTIVE = ("KAMA", "MAMA")
_STOPS = ("SAR", "SAREXT", "SUPERTREND")
_TOTALS = ("AD", "NVI", "OBV", "PVI", "PVT", "WAD")

REFUSED: Final[Mapping[str, Refusal]] = MappingProxyType(
    {
        **_unbounded("use CMF, MFI or EFI, which forget", *_TOTALS),
        **_unbounded("use CMF, which sums over timeperiod candles", "ADOSC"),
        **_unbounded("use SUM over timeperiod candles", "CUMSUM"),
        **_unbounded("use ATR bands (KC), DONCHIAN or BBANDS", *_STOPS),
        **_unbounded("use EMA, DEMA, TEMA or ZLEMA", *_ADAPTIVE),
        **_unbounded("use ER, VHF or a moving average", *_CYCLES),
        "MAVP": Refusal("needs a second series of periods", "use MA with one timeperiod"),
        **{
            name: Refusal("answers with positions inside one calculation, which mean nothing in a store", remedy)
            for name, remedy in (
                ("MAXINDEX", "use MAX or AROON"),
                ("MININDEX", "use MIN or AROON"),
                ("MINMAXINDEX", "use MINMAX or AROON"),
            )
        },
        **{
            name: Refusal("is arithmetic on numbers, not an indicator", "compute it where you read the data")
            for name in (
                *("ADD", "SUB", "MULT", "DIV", "ACOS", "ASIN", "ATAN", "CEIL", "COS", "COSH", "EXP", "FLOOR"),
                *("LN", "LOG10", "SIN", "SINH", "SQRT", "TAN", "TANH"),
            )
        },
    }
)
