"""Times as the Kubernetes API writes them, as milliseconds since the epoch. Pure."""

from datetime import UTC, datetime

from cryptostream.core.market.interval import Millis


def rfc3339(moment: Millis) -> str:
    """To the second, as in `2026-11-23T06:00:00Z`."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def millis(text: object) -> Millis | None:
    """The moment, None if there is none."""
    if not isinstance(text, str):
        return None
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return None


def moment(now: Millis) -> datetime:
    """The time of a clock's milliseconds."""
    return datetime.fromtimestamp(now / 1000, UTC)
