"""Writes docs/metrics.md anew: `python -m tests.support.write_metrics_reference`, after a change of a metric."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from prometheus_client import ProcessCollector

from cryptostream.core.codec.metric import PREFIX, Described
from cryptostream.observe.catalogue import CATALOGUE
from cryptostream_operator.effects.metrics import CATALOGUE as OF_OPERATOR
from tests.support.data import ROOT
from tests.support.metric_series import amiss, for_each_series, published, stored

PAGE = ROOT / "docs/metrics.md"
SYMBOLS: Final = 2000
INTERVALS: Final = ("1s", "1m", "15m", "1h", "1d")
FIXED: Final = 400
"""Time series, at most, that do not depend on symbols; tests/unit/observe/test_cardinality.py counts them."""
HEAD = """# Metrics

Made from the catalogues in `observe/catalogue.py` and the operator's `effects/metrics.py`: do not edit, run
`python -m tests.support.write_metrics_reference`. Producers, consumers, the embedded run and the operator serve their
metrics at `/metrics`, by default on port 8080. A producer has those of the exchange, a consumer those of the store, the
embedded run both. [alerts.md](alerts.md) says what is alerted on.

Times are Unix times, and durations are in seconds. Where the unit is 1, things are counted, or 1 is yes and 0 no.
"""
STREAMS = """
## Of streams

Every metric has the label `stream`, `<namespace>.<name>`, besides those of the table.

"""
CARDINALITY = """
### How many time series

Symbols and intervals are those that the resource names; all other labels have words of closed lists. A producer exports
{producer} time series for each symbol and interval, a consumer {consumer}, as long as nothing is amiss; both together
{most} at most, if everything has happened. Each symbol adds one more. 2,000 symbols at five intervals are
**{total:,} time series**, {worst:,} at most. What does not depend on symbols is below {fixed} for each process.
"""
OPERATOR = """
## Of the operator

It exports a line for each resource, and none for its symbols.

"""
_TABLE = "| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n"


def page() -> str:
    """The whole page."""
    return HEAD + STREAMS + _table(of_streams()) + cardinality() + OPERATOR + _table(OF_OPERATOR)


def of_streams() -> tuple[Described, ...]:
    """What a stream's processes export, with what prometheus_client itself knows of the process."""
    return (*CATALOGUE, *_of_process())


def cardinality() -> str:
    """How many time series there are, counted."""
    most = for_each_series(amiss)
    well = for_each_series(published) + for_each_series(stored)
    return CARDINALITY.format(
        producer=for_each_series(published),
        consumer=for_each_series(stored),
        most=most,
        total=SYMBOLS * (len(INTERVALS) * well + 1),
        worst=SYMBOLS * (len(INTERVALS) * most + 1),
        fixed=FIXED,
    )


def _table(described: Iterable[Described]) -> str:
    return _TABLE + "".join(_row(each) for each in described)


def _row(each: Described) -> str:
    labels = ", ".join(f"`{label}`" for label in each.labels)
    return f"| `{each.exposed}` | {each.kind} | {each.unit} | {labels} | {each.meaning} |\n"


def _of_process() -> Iterator[Described]:
    for family in ProcessCollector(namespace=PREFIX, registry=None).collect():
        kind: Literal["counter", "gauge"] = "counter" if family.type == "counter" else "gauge"
        yield Described(family.name.removeprefix(f"{PREFIX}_"), kind, family.documentation)


if __name__ == "__main__":
    PAGE.write_text(page())
