"""`cryptostream validate` and `cryptostream plan`: what a resource says, and what it would make. Starts nothing."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Column, Table

from cryptostream.clock import SystemClock
from cryptostream.core.resource.budget import HistoryCost, history_cost
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.plan import Plan, Topic
from cryptostream.core.resource.plan import plan as plan_of
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Err
from cryptostream.local.documents import read_resources

DONE, BAD_INPUT = 0, 2


class _Judgement(msgspec.Struct, frozen=True):
    """What `validate --json` prints."""

    valid: bool
    faults: Faults
    resources: tuple[str, ...]


class _Planned(msgspec.Struct, frozen=True):
    """What `plan --json` prints for each stream; the cost is that of a first start now."""

    plan: Plan
    history: HistoryCost


def validate(file: Path, *, as_json: bool = False) -> int:
    """Check every resource of a file; returns the exit code."""
    found = read_resources(file, SystemClock().now())
    faults, specs = (found.error, ()) if isinstance(found, Err) else ((), found.value)
    if as_json:
        _print(_Judgement(valid=not faults, faults=faults, resources=tuple(map(_words, specs))))
    else:
        for spec in specs:
            print(_words(spec))  # noqa: T201 - the answer of the verb
        tell(faults)
    return BAD_INPUT if faults else DONE


def plan(file: Path, *, as_json: bool = False) -> int:
    """Show what the streams of a file are made of; returns the exit code."""
    now = SystemClock().now()
    found = read_resources(file, now)
    if isinstance(found, Err):
        tell(found.error)
        return BAD_INPUT
    stores = {(each.namespace, each.name): each for each in found.value if isinstance(each, StoreSpec)}
    streams = [each for each in found.value if isinstance(each, StreamSpec)]
    planned = [
        (each, _Planned(plan_of(each, stores.get((each.namespace, each.store_ref))), history_cost(each, now)))
        for each in streams
    ]
    if as_json:
        _print([each for _, each in planned])
    else:
        for spec, each in planned:
            _show(spec, each)
    return DONE


def tell(faults: Faults) -> None:
    """One line per fault on standard error."""
    for fault in faults:
        print(" ".join(str(fault).split()), file=sys.stderr)  # noqa: T201 - the answer of the verb


def _print(answer: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(answer)).decode())  # noqa: T201 - the answer of the verb


def _words(spec: StreamSpec | StoreSpec) -> str:
    whole = f"{spec.namespace}/{spec.name}"
    if isinstance(spec, StoreSpec):
        return f"CandleStore {whole} is valid"
    counts = (("symbol", spec.symbols), ("interval", spec.intervals), ("indicator", spec.indicators))
    return f"CryptoStream {whole} is valid: {', '.join(_count(name, len(each)) for name, each in counts)}"


def _count(name: str, number: int) -> str:
    return f"{number} {name}{'s' * (number != 1)}"


# ---------------------------------------------------------------- tables


def _show(spec: StreamSpec, planned: _Planned) -> None:
    console = Console()
    console.print(f"[bold]{planned.plan.stream}[/bold]", highlight=False)
    for table in (_overview(spec, planned), _topics(planned.plan.topics), _indicators(planned.plan)):
        if table.row_count:
            console.print(table)


def _overview(spec: StreamSpec, planned: _Planned) -> Table:
    plan, cost = planned.plan, planned.history
    table = Table(show_header=False, box=None)
    table.add_row("symbols", " ".join(symbol.name for symbol in spec.symbols))
    table.add_row("intervals", " ".join(spec.intervals))
    table.add_row("series", str(len(plan.series)))
    table.add_row("live", _live(plan))
    fetched = f"{cost.candles} candles by {cost.calls} calls, {cost.weight} weight"
    table.add_row("history", f"{fetched}: the first time at least {cost.minutes} min")
    table.add_row("producer", ", ".join(f"transactional id {shard.transactional_id}" for shard in plan.shards))
    table.add_row("consumers", f"group {plan.consumer_group}")
    table.add_row("Kafka users", ", ".join(user.name for user in plan.users) or "none")
    for stored in (plan.raw, plan.enriched):
        table.add_row(f"bucket {stored.bucket}", ", ".join(stored.measurements))
    return table


def _live(plan: Plan) -> str:
    if plan.poll_seconds is None:
        return _count("WebSocket connection", plan.connections)
    return f"a cycle every {plan.poll_seconds} s, {plan.polling_weight} weight a minute"


def _topics(topics: tuple[Topic, ...]) -> Table:
    table = Table(Column("topic", overflow="fold"), Column("KafkaTopic", overflow="fold"), "partitions", "kept")
    for topic in topics:
        kept = "compacted" if topic.retention_seconds is None else _span(topic.retention_seconds)
        table.add_row(topic.name, topic.resource, str(topic.partitions), kept)
    return table


def _indicators(plan: Plan) -> Table:
    table = Table("indicator", "function", "parameters", "fields", "window", "computed on")
    for each in plan.indicators:
        params = ", ".join(f"{name} {value}" for name, value in each.params)
        on = each.with_interval or "each interval"
        table.add_row(each.name, each.function, params, "\n".join(each.fields), str(each.window), on)
    return table


def _span(seconds: int) -> str:
    units = ((86_400, "days"), (3600, "h"), (60, "min"))
    return next((f"{seconds // size} {unit}" for size, unit in units if seconds % size == 0), f"{seconds} s")
