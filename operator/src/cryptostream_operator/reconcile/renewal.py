"""When a certificate is to be made anew. Pure."""

from collections.abc import Collection
from datetime import datetime


def renew_at(begins: datetime, ends: datetime) -> datetime:
    """Two thirds through its life, so that a month is left for whatever goes wrong."""
    return begins + (ends - begins) * 2 / 3


def reason_to_renew(
    begins: datetime, ends: datetime, hosts: Collection[str], wanted: Collection[str], now: datetime
) -> str | None:
    """Why a certificate is to be made anew now; None if it is not."""
    if now >= renew_at(begins, ends):
        return f"it ends at {ends:%Y-%m-%dT%H:%MZ}"
    if set(hosts) != set(wanted):
        return f"it is for {', '.join(hosts) or 'no host'}, not for {', '.join(wanted)}"
    return None
