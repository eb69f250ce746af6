"""What InfluxDB means by its refusals, and what helps. Pure.

As seen of InfluxDB 2.7.12: 400 stores nothing of a batch; 422 stores all but what it does not like; 500 is for a body
that it cannot unpack as much as for a disk that is full. docs/influxdb.md has the table.
"""

from pathlib import Path
from typing import Final

import msgspec

from cryptostream.core.ports import StoreError

MOST_TOLD: Final = 300


class Answer(msgspec.Struct, frozen=True):
    """A response that is no success."""

    status: int
    text: str


class Unreachable(msgspec.Struct, frozen=True):
    """No response. What was `sent` may yet be done, at any time."""

    detail: str
    sent: bool


Fault = Answer | Unreachable | StoreError


class Place(msgspec.Struct, frozen=True):
    """Which bucket was meant, and where the token is."""

    bucket: str
    token_file: Path


def error_of(fault: Fault, place: Place) -> StoreError:
    """What kept a request from being done. What is not retryable is the fault of the batch."""
    match fault:
        case Answer():
            return _refusal(fault, place)
        case Unreachable(detail):
            return StoreError(detail, retryable=True)
        case StoreError():
            return fault


def _refusal(answer: Answer, place: Place) -> StoreError:
    said, bucket = _told(answer.text), place.bucket
    match answer.status:
        case 400:
            return StoreError(f"bucket {bucket} cannot read a line: {said}", retryable=False)
        case 401 | 403:
            detail = f"InfluxDB does not take the token in {place.token_file} for bucket {bucket}: {said}"
            return StoreError(f"{detail} (put one there that may read and write it)", retryable=True)
        case 404:
            return StoreError(f"InfluxDB has no bucket {bucket}: {said} (create it)", retryable=True)
        case 413:
            return StoreError(f"a point for bucket {bucket} is larger than InfluxDB takes", retryable=False)
        case 422 if "retention policy" in answer.text:
            detail = f"bucket {bucket} does not keep what is so old: {said}"
            return StoreError(f"{detail} (raise its retention, or ask for less history)", retryable=False)
        case 422:
            return StoreError(f"bucket {bucket} refuses a point: {said}", retryable=False)
        case 429 | 503:
            return StoreError(f"InfluxDB asks to wait (HTTP {answer.status}): {said}", retryable=True)
        case 500 if "no space left" in answer.text:
            remedy = "enlarge its volume, then restart it: until then it refuses all writes"
            return StoreError(f"the disk of InfluxDB is full: {said} ({remedy})", retryable=True)
        case _:
            return StoreError(f"InfluxDB answers HTTP {answer.status}: {said}", retryable=True)


def unanswered(said: str, place: Place) -> StoreError:
    """Why a question, which was taken, was not answered."""
    bucket = place.bucket
    if "database not found" in said or "retention policy not found" in said:
        remedy = f"create it, or put a token into {place.token_file} that may read it"
        return StoreError(f"InfluxDB has no bucket {bucket}, or may not show it ({remedy})", retryable=True)
    return StoreError(f"InfluxDB cannot read bucket {bucket}: {said[:MOST_TOLD]}", retryable=True)


def may_come_late(fault: Fault) -> bool:
    """Whether what was asked for may yet be done: nobody has said that it is over."""
    match fault:
        case Unreachable(_, sent):
            return sent
        case Answer(status):
            return status in {502, 504}  # of a proxy, which waits for InfluxDB no longer
        case StoreError():
            return False


def _told(text: str) -> str:
    """The message of an answer in one short line."""
    try:
        said = str(msgspec.json.decode(text)["message"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        said = text
    return " ".join(said.split())[:MOST_TOLD]
