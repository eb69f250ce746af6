"""What a person sees of an embedded run: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cryptostream.core.market.interval import Millis
from cryptostream.local.view import SeriesView, StreamView

PLAIN_EVERY = 10.0
MOST_ROWS = 40


class Screen:
    """Shows views until it is closed; `title` names stream and market, and says `simulated` where it is."""

    def __init__(self, console: Console, title: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._title = title
        self._clock = clock
        self._spoken = float("-inf")
        self._history = 0
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        if self._live is not None:
            self._live.start()

    def show(self, view: StreamView) -> None:
        """Show the newest picture."""
        self._history = max(self._history, sum(each.history_left for each in view.series))
        if self._live is not None:
            self._live.update(picture(self._title, view, self._history), refresh=True)
        elif self._clock() - self._spoken >= PLAIN_EVERY:
            self._spoken = self._clock()
            self._console.print(line(self._title, view), soft_wrap=True, highlight=False)

    def close(self, view: StreamView | None) -> None:
        """Leave the last picture standing."""
        if self._live is not None:
            self._live.stop()
        elif view is not None:
            self._console.print(line(self._title, view), soft_wrap=True, highlight=False)


def line(title: str, view: StreamView) -> str:
    """One line for a log or a pipe."""
    expected = sum(each.expected for each in view.series)
    missing = sum(each.open_gaps for each in view.series)
    return f"{title}: {view.stored} of {expected} candles stored, {missing} missing, {view.rate:.1f} candles/s" + (
        f", waiting: {view.fault}" if view.fault else ""
    )


def picture(title: str, view: StreamView, history: int) -> RenderableType:
    """The table, with a bar for history while some of it is still to come."""
    table = Table(title=title, title_justify="left", expand=False)
    for name in ("series", "newest close", "freshness", "complete", "stored", "gaps"):
        table.add_column(name, justify="left" if name in {"series", "newest close", "gaps"} else "right")
    for each in view.series[:MOST_ROWS]:
        table.add_row(
            str(each.series), _time(each.newest_close), _age(each), _share(each), str(each.stored), _gaps(each)
        )
    left = sum(each.history_left for each in view.series)
    parts: list[RenderableType] = [table]
    if len(view.series) > MOST_ROWS:
        parts.append(Text(f"and {len(view.series) - MOST_ROWS} more series"))
    if left:
        parts += (
            Text(f"history: {left} candles to come"),
            ProgressBar(total=history, completed=history - left, width=60),
        )
    parts.append(Text(f"{view.rate:.1f} candles/s, {view.stored} stored" + (f"; {view.fault}" if view.fault else "")))
    return Group(*parts)


def _time(at: Millis | None) -> str:
    return "-" if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _age(view: SeriesView) -> str:
    if view.status not in {"TRADING", "HALT"}:
        return view.status.lower()
    return "-" if view.age_seconds is None else f"{max(0.0, view.age_seconds):.1f} s"


def _share(view: SeriesView) -> str:
    share = view.completeness * 100
    return "100 %" if view.stored >= view.expected else f"{min(share, 99.99):.2f} %"


def _gaps(view: SeriesView) -> str:
    return ", ".join(f"{candles} {cause}" for cause, candles in sorted(view.gaps.items()) if candles) or "none"
