"""The corpus of resources, good and bad, and short ways to parse one.

A file in `tests/data/resource/bad` is a whole resource. Its first lines are comments, one for each fault:
who can see it (`schema`: a CRD's schema or CEL could; `parser`: only the parser), its path, and part of its message.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.parse import parse_resource, parse_stream
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok
from cryptostream.local.documents import read_documents
from tests.support.data import ROOT

SAMPLES = ROOT / "manifests/samples"
CORPUS = ROOT / "tests/data/resource"
NOW = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True)
class Expected:
    """One fault that a bad resource has; `fragment` is part of its message."""

    seen_by: str
    path: str
    fragment: str


@dataclass(frozen=True)
class BadResource:
    file: Path
    faults: tuple[Expected, ...]

    def __str__(self) -> str:
        return self.file.stem


def bad_resources() -> tuple[BadResource, ...]:
    """The bad half of the corpus."""
    return tuple(BadResource(file, _expected(file)) for file in sorted((CORPUS / "bad").glob("*.yaml")))


def good_files() -> tuple[Path, ...]:
    """The good half of the corpus, and the samples."""
    return (*sorted((CORPUS / "good").glob("*.yaml")), *sorted(SAMPLES.glob("*.yaml")))


def _expected(file: Path) -> tuple[Expected, ...]:
    comments = [line[2:] for line in file.read_text().splitlines() if line.startswith("# ")]
    return tuple(_fault(comment) for comment in comments)


def _fault(comment: str) -> Expected:
    seen_by, rest = comment.split(" ", 1)
    path, fragment = rest.split(": ", 1)
    return Expected(seen_by, path, fragment)


def documents(file: Path) -> tuple[Any, ...]:
    """The documents of a file that is YAML."""
    read = read_documents(file)
    assert isinstance(read, Ok), read
    return read.value


def faults_of(document: object, now: int | None = NOW) -> Faults:
    """The faults of a document, none if it is valid."""
    parsed = parse_resource(document, now)
    return parsed.error if isinstance(parsed, Err) else ()


def document(**spec: Any) -> dict[str, Any]:
    """A stream of BTC at 1m, unless `spec` says otherwise; None leaves a field out."""
    fields = {"coins": ["BTC"], "intervals": ["1m"], **spec}
    return {
        "apiVersion": "cryptostream.io/v1alpha1",
        "kind": "CryptoStream",
        "metadata": {"name": "sample", "namespace": "market"},
        "spec": {name: value for name, value in fields.items() if value is not None},
    }


def stream(**spec: Any) -> StreamSpec:
    """The parsed `document(**spec)`."""
    parsed = parse_stream(document(**spec), NOW)
    assert isinstance(parsed, Ok), parsed
    return parsed.value
