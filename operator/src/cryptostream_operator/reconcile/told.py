"""What was done, as Events for people: each action once, with its reason, never a secret. Pure."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from cryptostream_operator.reconcile.values import (
    Action,
    Apply,
    Create,
    Delete,
    Erase,
    Finalize,
    Issue,
    Keep,
    MakeBucket,
    MakeToken,
    Onboard,
    RemoveToken,
)

MOST: Final = 1000
"""Characters of an Event's message; Kubernetes takes 1024."""


class Note(msgspec.Struct, frozen=True):
    """One Event."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def notes(done: Iterable[Action], failures: Iterable[str], *, ended: bool = False) -> tuple[Note, ...]:
    """One Event for each kind of thing that was done, and one for what failed.

    If a deletion has `ended` in spite of failures, nobody tries again: that is what it leaves behind.
    """
    by_word: dict[str, list[str]] = {}
    for action in done:
        word, said = _said(action)
        if word:
            by_word.setdefault(word, []).append(said)
    for failure in failures:
        by_word.setdefault("LeftBehind" if ended else "Failed", []).append(failure)
    return tuple(Note(_severity(word), word, _joined(said)) for word, said in by_word.items())


def _severity(word: str) -> Literal["Normal", "Warning"]:
    return "Warning" if word in {"LeftBehind", "Failed"} else "Normal"


def _said(action: Action) -> tuple[str, str]:  # noqa: C901 - a case for each kind of action
    """The reason of an Event, and its part of the message; no word for what is not worth one."""
    match action:
        case Apply() | Create():
            return "Applied", f"{action.ref}: {action.reason}"
        case Delete():
            return "Deleted", f"{action.ref}: {action.reason}"
        case Erase():
            return "Erased", f"the candles of {action.stream}: {action.reason}"
        case Finalize():
            return ("LeftBehind", action.reason) if "leaves behind" in action.reason else ("", "")
        case Issue():
            return "CertificateIssued", action.reason
        case MakeBucket():
            return "BucketMade", f"{action.bucket.name}: {action.reason}"
        case MakeToken():
            return "TokenMade", f"for stream {action.stream.name}: {action.reason}"
        case Onboard():
            return "InfluxOnboarded", action.reason
        case RemoveToken():
            return "TokenRemoved", f"{action.id}: {action.reason}"
        case Keep():
            return "", ""


def _joined(said: Iterable[str]) -> str:
    text = "; ".join(said)
    return text if len(text) <= MOST else f"{text[: MOST - 3]}..."
