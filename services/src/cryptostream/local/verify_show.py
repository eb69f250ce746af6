"""The report of `verify` for people: a table per series, then the differences. Plain where there is no terminal."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryptostream.core.market.interval import Millis
from cryptostream.local.verify_report import KINDS, Finding, Kind, Report, SeriesReport

PLAIN_WIDTH = 200
WORDS: Mapping[Kind, str] = {
    "missing": "absent without a reason",
    "pending": "still to be fetched (start the run again)",
    "dead_letter": "refused (table dead_letter has the records)",
    "duplicate": "stored twice",
    "impossible": "impossible candles",
    "trade_chain": "breaks in the chain of trade ids",
    "rollup": "not the sum of their parts",
    "enriched": "not what their candles make (after a changed indicator list: cryptostream recompute)",
    "dirty": "still to be computed again (start the run again, or cryptostream recompute)",
    "conservation": "records unaccounted for",
}


def show(report: Report, console: Console) -> None:
    """Print `report`."""
    title = f"{report.stream} in {report.data}" + (" (simulated)" if report.simulated else "")
    _print(console, title)
    console.print(
        _table(report.series, terminal=console.is_terminal), width=None if console.is_terminal else PLAIN_WIDTH
    )
    for kind in KINDS:
        if count := report.differences.get(kind):
            _print(console, f"{count} {WORDS[kind]}:")
            for finding in report.examples:
                if finding.kind == kind:
                    _print(console, f"  {_line(finding)}")
    stored = sum(each.stored for each in report.series)
    found = sum(report.differences.values())
    verdict = f"{found} {'difference' if found == 1 else 'differences'}" if found else "no difference"
    _print(console, f"{stored} candles of {len(report.series)} series verified: {verdict}")


def _print(console: Console, line: str) -> None:
    console.print(Text(line), soft_wrap=True)


def _table(series: Iterable[SeriesReport], *, terminal: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD if terminal else None)
    table.add_column("series", no_wrap=True)
    table.add_column("expected", justify="right")
    table.add_column("stored", justify="right")
    table.add_column("gaps")
    table.add_column("differences")
    for each in series:
        wrong = Text(_counts(each.differences.items()), style="bold red")
        table.add_row(str(each.series), str(each.expected), str(each.stored), _counts(each.gaps.items()), wrong)
    return table


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts) or "-"


def _line(finding: Finding) -> str:
    place = " ".join(str(each) for each in (finding.series, _time(finding.open_time)) if each is not None)
    return f"{place}: {finding.detail}" if place else finding.detail


def _time(time: Millis | None) -> str | None:
    if time is None:
        return None
    try:
        return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return str(time)
