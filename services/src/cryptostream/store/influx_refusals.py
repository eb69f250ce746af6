"""What InfluxDB means by its refusals, and what helps. Pure.

As seen of InfluxDB 2.7.12: 400 stores nothing of a batch; 422 stores all but what it does not like; 500 is for a body
that it cannot unpack as much as for a disk that is full. docs/influxdb.md has the table.
"""

from typing import Final

import msgspec

from cryptostream.core.ports import StoreError

MOST_TOLD: Final = 300
UNREADABLE: Final = ("unexpected EOF", "gzip", "flate", "zlib")
"""Parts of a 500's message that blame the body: packed anew, it may be readable."""


class Answer(msgspec.Struct, frozen=True):
    """A response that is no success."""

    status: int
    text: str


def error_of(error: Answer | StoreError, bucket: str, token_file: object) -> StoreError:
    """What kept a request from being done, whether InfluxDB refused it or nobody answered."""
    return error if isinstance(error, StoreError) else refusal(error, bucket, token_file)


def refusal(answer: Answer, bucket: str, token_file: object) -> StoreError:
    """The error that `answer` stands for. What is not retryable is the fault of the batch."""
    said = _told(answer.text)
    match answer.status:
        case 400:
            return StoreError(f"bucket {bucket} cannot read a line: {said}", retryable=False)
        case 401 | 403:
            detail = f"InfluxDB does not take the token in {token_file} for bucket {bucket}: {said}"
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
            return StoreError(f"the disk of InfluxDB is full: {said} (enlarge its volume)", retryable=True)
        case _:
            return StoreError(f"InfluxDB answers HTTP {answer.status}: {said}", retryable=True)


def blames_the_body(answer: Answer) -> bool:
    """Whether the request may have been damaged on its way."""
    return answer.status == 500 and any(part in answer.text for part in UNREADABLE)


def _told(text: str) -> str:
    """The message of an answer in one short line."""
    try:
        said = str(msgspec.json.decode(text)["message"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        said = text
    return " ".join(said.split())[:MOST_TOLD]
