"""The command line: each verb is registered here and lives elsewhere, imported only when it is called.

So `validate` and `plan` work with the base install, and another verb names the extra it needs.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cryptostream.local.options import Level, RunOptions
from cryptostream.simulator.verb import simulate

BAD_INPUT = 2
EXTRAS = {
    "duckdb": "local",
    **dict.fromkeys(
        ("confluent_kafka", "prometheus_client", "requests", "tenacity", "urllib3", "websockets"), "services"
    ),
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Crypto candles that you can prove are complete.",
)

letters = typer.Typer(no_args_is_help=True, help="What a stream refused and why; to publish it again.")
app.add_typer(letters, name="dead-letters")

Reason = Annotated[str | None, typer.Option(help="Only those of this reason.")]
Symbol = Annotated[str | None, typer.Option(help="Only those of this symbol.")]
File = Annotated[Path, typer.Option("--file", "-f", help="The resource, as YAML.")]
MaybeFile = Annotated[Path | None, typer.Option("--file", "-f", help="The resource, if not the one that was run.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Stored = Annotated[Path | None, typer.Option("--data", help="Data directory, or the folder above it.")]
Config = Annotated[Path, typer.Option("--config", help="The configuration, as JSON.")]
Data = Annotated[Path, typer.Option(help="Where data directories are.")]


@app.command()
def validate(file: File, *, json: Json = False) -> None:
    """Check the resources of a file: one line per fault, with field path and remedy."""
    from cryptostream.local.resource_verbs import validate as verb

    raise typer.Exit(verb(file, as_json=json))


@app.command()
def plan(file: File, *, json: Json = False) -> None:
    """Show what a resource makes: topics, series, fields, and what its history costs."""
    from cryptostream.local.resource_verbs import plan as verb

    raise typer.Exit(verb(file, as_json=json))


@app.command()
def run(  # noqa: PLR0913 - one argument a flag
    *,
    file: File,
    replay: Annotated[Path | None, typer.Option(help="Take recorded CSV files, a directory or one.")] = None,
    data: Data = Path(".cryptostream"),
    for_seconds: Annotated[
        float | None, typer.Option("--for", help="End so long after the first stored candle.")
    ] = None,
    summary: Annotated[Path | None, typer.Option(help="Write a JSON summary at the end.")] = None,
    log_file: Annotated[Path | None, typer.Option(help="Write JSON Lines there instead of standard error.")] = None,
    log_level: Annotated[Level, typer.Option(help="Least level that is logged.")] = "warning",
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Use the simulator without asking the exchange.")
    ] = False,
    speed: Annotated[float, typer.Option(help="How much faster than the wall's the simulator's clock runs.")] = 1.0,
    port: Annotated[int, typer.Option(help="Port of /metrics, /healthz and /status.", min=0, max=65535)] = 8080,
) -> None:
    """Run one resource in this process: exchange to store."""
    from cryptostream.local.run import run as verb

    options = RunOptions(
        file=file,
        replay=replay,
        data=data,
        for_seconds=for_seconds,
        summary=summary,
        log_file=log_file,
        log_level=log_level,
        simulate=simulate,
        speed=speed,
        port=port,
    )
    raise typer.Exit(verb(options))


app.command()(simulate)


@app.command()
def recompute(
    *,
    data: Stored = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="The resource with the changed indicators.")] = None,
) -> None:
    """Compute all stored indicator rows anew: a changed list for the past. Goes on where it was interrupted."""
    from cryptostream.local.recompute_verb import recompute as verb

    raise typer.Exit(verb(data, file))


@app.command()
def verify(
    *,
    data: Stored = None,
    file: MaybeFile = None,
    json: Json = False,
    interrupted: Annotated[
        bool, typer.Option("--interrupted", help="The run will be started again: what it has still to do is no fault.")
    ] = False,
) -> None:
    """Prove that what is stored is complete and right, or say what is not."""
    from cryptostream.local.verify import verify as verb

    raise typer.Exit(verb(data=data, file=file, as_json=json, interrupted=interrupted))


@app.command()
def export(  # noqa: PLR0913 - one argument a flag
    *,
    to: Annotated[Path, typer.Option(help="The file to write: candles.parquet or candles.csv.")],
    what: Annotated[Literal["raw", "enriched"], typer.Option(help="Candles, or rows of indicators.")] = "raw",
    since: Annotated[str | None, typer.Option("--from", help="First open time, as 2025-10-29T12:00Z.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Open time before which to end.")] = None,
    symbol: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    interval: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    data: Stored = None,
    file: MaybeFile = None,
) -> None:
    """Write stored rows to a file, for backtests: with revision and time of publication, so without look-ahead."""
    from cryptostream.local.export import ExportOptions
    from cryptostream.local.export import export as verb

    options = ExportOptions(
        to=to,
        what=what,
        since=since,
        until=until,
        symbols=tuple(symbol or ()),
        intervals=tuple(interval or ()),
        data=data,
        file=file,
    )
    raise typer.Exit(verb(options))


@app.command()
def producer(*, config: Config) -> None:
    """Be the producer of a stream: exchange to Kafka. Needs no terminal; see docs/services.md."""
    from cryptostream.service.producer import producer as verb

    raise typer.Exit(verb(config))


@app.command()
def consumer(*, config: Config) -> None:
    """Be a consumer of a stream: Kafka to InfluxDB. Needs no terminal; see docs/services.md."""
    from cryptostream.service.consumer import consumer as verb

    raise typer.Exit(verb(config))


@app.command()
def newest(*, config: Config, json: Json = False) -> None:
    """Show the newest candle of each series of a stream, as its InfluxDB has it. For a consumer's pod."""
    from cryptostream.service.newest import newest as verb

    raise typer.Exit(verb(config, as_json=json))


@letters.command(name="list")
def list_letters(
    *,
    config: Config,
    reason: Reason = None,
    symbol: Symbol = None,
    limit: Annotated[int, typer.Option(help="Show the newest ones, so many.", min=1)] = 100,
    json: Json = False,
) -> None:
    """Show what the consumers of a stream refused, and why."""
    from cryptostream.service.dead_letters import Chosen
    from cryptostream.service.dead_letters import list_letters as verb

    raise typer.Exit(verb(config, Chosen(reason=reason, symbol=symbol, again=True), limit, as_json=json))


@letters.command()
def redrive(  # noqa: PLR0913 - one argument a flag
    *,
    config: Config,
    everything: Annotated[bool, typer.Option("--all", help="Every letter.")] = False,
    reason: Reason = None,
    symbol: Symbol = None,
    place: Annotated[str | None, typer.Option(help="The one of topic/partition/offset, as the list shows it.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was redriven and refused once more.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Publish refused records again, as they were, to the topics they came from. The letters stay."""
    from cryptostream.service.dead_letters import Chosen
    from cryptostream.service.dead_letters import redrive as verb

    chosen = Chosen(everything=everything, reason=reason, symbol=symbol, place=place, again=again)
    raise typer.Exit(verb(config, chosen, (lambda _: True) if yes else typer.confirm))


def main() -> None:
    """The entry point; a missing extra is named."""
    try:
        app()
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(str(error.name))
        if extra is None:
            raise
        sys.stderr.write(f"this verb needs the extra [{extra}]: pip install 'cryptostream[{extra}]'\n")
        sys.exit(BAD_INPUT)
