from decimal import Decimal
from itertools import chain

import pytest

from cryptostream.core.indicators.catalogue import compile_indicators, functions
from cryptostream.core.indicators.function import GROUPS, talib_functions
from cryptostream.core.indicators.naming import RESERVED
from cryptostream.core.indicators.parameter import Value
from cryptostream.core.indicators.refused import REFUSED
from cryptostream.core.market.candle import CandleTable
from cryptostream.core.resource.spec import Fault, IndicatorSpec
from cryptostream.core.result import Err
from tests.unit.indicators.support import carried, compiled, declared

ALL_GROUPS = (*GROUPS, "Cycle Indicators", "Math Transform")
INTERVALS = ("1m", "15m", "1h")


def faults(*specs: IndicatorSpec, intervals: tuple[str, ...] = INTERVALS) -> tuple[Fault, ...]:
    result = compile_indicators(specs, intervals)
    assert isinstance(result, Err), result
    assert all(fault.message and fault.remedy for fault in result.error)
    return result.error


def fault(*specs: IndicatorSpec) -> Fault:
    (only,) = faults(*specs)
    return only


def test_defaults_are_those_of_talib() -> None:
    (bands,) = compiled(declared("bb", "BBANDS"))
    assert dict(bands.params) == {
        "timeperiod": 20,
        "nbdevup": Decimal("2.0"),
        "nbdevdn": Decimal("2.0"),
        "matype": 0,
        "input": "close",
    }
    assert (bands.lookback, bands.window, bands.columns) == (19, 20, ("close",))


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("SMA", ("x",)),
        ("BBANDS", ("x_upper", "x_middle", "x_lower")),
        ("MACD", ("x_macd", "x_signal", "x_hist")),
        ("STOCH", ("x_slowk", "x_slowd")),
        ("AROON", ("x_down", "x_up")),
        ("CDLDOJI", ("x",)),
        ("VWAP", ("x",)),
    ],
)
def test_stored_fields(function: str, fields: tuple[str, ...]) -> None:
    (indicator,) = compiled(declared("x", function))
    assert indicator.fields == fields


def test_stored_fields_of_one_function_differ_and_are_valid_names() -> None:
    for name in functions():
        (indicator,) = compiled(declared("x", name))
        assert len(set(indicator.fields)) == len(indicator.fields)
        assert all(field.replace("_", "").isalnum() and field.islower() for field in indicator.fields)


def test_inputs_can_be_chosen() -> None:
    volume, beta = compiled(
        declared("a", "SMA", input="volume"), declared("b", "BETA", input0="close", input1="quote_volume")
    )
    assert volume.columns == ("volume",)
    assert beta.columns == ("close", "quote_volume")


def test_every_function_of_talib_is_offered_or_refused_with_a_reason() -> None:
    known = set(chain.from_iterable(talib_functions(group) for group in ALL_GROUPS))
    assert known - set(functions()) - set(REFUSED) == set()
    assert set(functions()) & set(REFUSED) == set()
    assert set(REFUSED) <= known


@pytest.mark.parametrize("name", ["OBV", "AD", "ADOSC", "SAR", "SAREXT", "HT_SINE", "HT_TRENDLINE", "MAMA", "KAMA"])
def test_unbounded_memory_is_refused_with_the_reason(name: str) -> None:
    found = fault(declared("x", name))
    assert found.path == "spec.indicators[0].function"
    assert found.message.startswith(f"{name} has unbounded memory")
    assert found.remedy.startswith("use ")


@pytest.mark.parametrize(
    ("name", "remedy"), [("sma", "write SMA"), ("SAM", "did you mean"), ("QWXYZQ", "docs/indicators.md")]
)
def test_unknown_functions(name: str, remedy: str) -> None:
    found = fault(declared("x", name))
    assert found.path == "spec.indicators[0].function"
    assert found.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("function", "params", "field", "says"),
    [
        ("SMA", {"timeperiod": 0}, "timeperiod", "0 is not a whole number from 1 to 500"),
        ("BBANDS", {"timeperiod": 1}, "timeperiod", "1 is not a whole number from 2 to 500"),
        ("SMA", {"timeperiod": 501}, "timeperiod", "501 is not a whole number from 1 to 500"),
        ("SMA", {"timeperiod": Decimal(20)}, "timeperiod", "'20' is not a whole number"),
        ("SMA", {"timeperiod": "twenty"}, "timeperiod", "'twenty' is not a whole number"),
        ("SMA", {"timeperiod": True}, "timeperiod", "True is not a whole number"),
        ("SMA", {"period": 20}, "period", "SMA has no parameter 'period', only timeperiod, input"),
        ("MEDPRICE", {"timeperiod": 3}, "timeperiod", "MEDPRICE takes no parameters"),
        ("BBANDS", {"nbdevup": Decimal(-1)}, "nbdevup", "'-1' is not a decimal from 0 to 100"),
        ("BBANDS", {"nbdevup": "NaN"}, "nbdevup", "'NaN' is not a decimal from 0 to 100"),
        ("BBANDS", {"nbdevup": "two"}, "nbdevup", "'two' is not a decimal from 0 to 100"),
        ("BBANDS", {"matype": 7}, "matype", "7 is not one of 0 (SMA), 1 (EMA), 2 (WMA)"),
        ("T3", {"vfactor": Decimal("1.5")}, "vfactor", "'1.5' is not a decimal from 0 to 1"),
        ("SMA", {"input": "price"}, "input", "'price' is not one of open, high, low, close, volume"),
        ("ATR", {"input": "close"}, "input", "ATR has no parameter 'input'"),
        ("MACD", {"fastperiod": 26, "slowperiod": 26}, "fastperiod", "fastperiod 26 is not below slowperiod 26"),
        ("MACD", {"fastperiod": 30}, "fastperiod", "fastperiod 30 is not below slowperiod 26"),
        ("ZSCORE", {"timeperiod": 1}, "timeperiod", "1 is not a whole number from 2 to 500"),
    ],
)
def test_wrong_parameters(function: str, params: dict[str, Value], field: str, says: str) -> None:
    found = fault(declared("x", function, **params))
    assert found.path == f"spec.indicators[0].params.{field}"
    assert found.message.startswith(says)


def test_a_misspelt_parameter_gets_a_suggestion() -> None:
    assert fault(declared("x", "SMA", time_period=20)).remedy == "did you mean timeperiod?"


def test_decimals_may_be_whole_numbers_or_strings() -> None:
    (bands,) = compiled(declared("x", "BBANDS", nbdevup=2, nbdevdn="2.5"))
    assert dict(bands.params)["nbdevup"] == Decimal(2)
    assert dict(bands.params)["nbdevdn"] == Decimal("2.5")


@pytest.mark.parametrize("name", ["", "SMA", "1sma", "sma-20", "sma 20", "sma.20", "_sma", "s" * 41, "mété"])
def test_names_that_are_none(name: str) -> None:
    found = fault(declared(name, "SMA"))
    assert (found.path, found.message) == ("spec.indicators[0].name", f"'{name}' is not a name")


@pytest.mark.parametrize("name", ["mean_oc", "return", "range", "hour", "weekday", "revision", "warm", "simulated"])
def test_names_of_fields_that_every_row_has(name: str) -> None:
    assert fault(declared(name, "SMA")).message == f"'{name}' is a field that every row has"


def test_every_column_of_a_candle_is_reserved() -> None:
    assert set(CandleTable.__dataclass_fields__) <= RESERVED


def test_two_indicators_of_one_name() -> None:
    found = fault(declared("x", "SMA"), declared("x", "EMA"))
    assert found == Fault("spec.indicators[1].name", "'x' is declared twice", "give every indicator a name of its own")


@pytest.mark.parametrize(
    "specs",
    [
        (declared("bb", "BBANDS"), declared("bb_upper", "SMA")),
        (declared("bb_upper", "SMA"), declared("bb", "BBANDS")),
        (declared("mean", "MINMAX"), declared("mean_max", "MAX")),
    ],
)
def test_fields_that_would_meet(specs: tuple[IndicatorSpec, ...]) -> None:
    found = fault(*specs)
    assert found.path == "spec.indicators[1].name"
    assert "would also be a field of" in found.message


def test_all_faults_are_reported_at_once() -> None:
    found = faults(
        declared("Bad", "SMAA", timeperiod=0),
        IndicatorSpec("ok", "BBANDS", (("timeperiod", 1), ("matype", 6), ("nbdev", 2)), "4h"),
        declared("fine", "SMA"),
    )
    assert [each.path for each in found] == [
        "spec.indicators[0].name",
        "spec.indicators[0].function",
        "spec.indicators[1].withInterval",
        "spec.indicators[1].params.timeperiod",
        "spec.indicators[1].params.matype",
        "spec.indicators[1].params.nbdev",
    ]


def test_the_path_can_be_another() -> None:
    result = compile_indicators((declared("x", "OBV"),), ("1m",), "template.indicators")
    assert isinstance(result, Err)
    assert result.error[0].path == "template.indicators[0].function"


@pytest.mark.parametrize(
    ("longer", "intervals", "says"),
    [
        ("4h", INTERVALS, "'4h' is not an interval of this stream"),
        ("1hour", INTERVALS, "'1hour' is not an interval of this stream"),
        ("1m", INTERVALS, "no interval of this stream is shorter than 1m"),
        ("1h", ("1h", "1d"), "no interval of this stream is shorter than 1h"),
    ],
)
def test_with_interval_must_be_a_longer_one_of_the_stream(longer: str, intervals: tuple[str, ...], says: str) -> None:
    (found,) = faults(carried("x", "SMA", longer), intervals=intervals)
    assert (found.path, found.message) == ("spec.indicators[0].withInterval", says)


def test_indicators_are_equal_by_what_they_compute() -> None:
    assert compiled(declared("x", "SMA")) == compiled(declared("x", "SMA", timeperiod=30))
    assert compiled(declared("x", "SMA")) != compiled(declared("x", "SMA", timeperiod=20))
