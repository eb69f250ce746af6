"""How the producer tells people and metrics what its step noticed."""

from collections.abc import Iterable

from cryptostream.core.market.gap import Gap
from cryptostream.core.market.series import Series
from cryptostream.core.stream.series_state import Note
from cryptostream.producer.edges import Edges


def tell_note(edges: Edges, series: Series, note: Note) -> None:
    """Count a note, and log it unless it is routine."""
    match note.kind:
        case "duplicate":
            edges.observer.duplicates_dropped(series, note.count)
            return
        case "chain_proof":
            return
        case "restated":
            edges.observer.restated(series, note.count)
        case "chain_break":
            edges.observer.chain_broken(series)
        case "off_grid" | "in_future":
            edges.observer.rejected(note.kind)
        case "reappeared":
            pass
    edges.log.warning(note.kind, series=str(series), candles=note.count, detail=note.detail)


def tell_gaps(edges: Edges, gaps: Iterable[Gap]) -> None:
    """Log what the ledger was told."""
    for gap in gaps:
        edges.log.info(
            "gap",
            series=str(gap.series),
            start=gap.start,
            end=gap.end,
            candles=gap.candles,
            cause=gap.cause,
            state=gap.state,
            proof=gap.proof,
        )
