"""Reads resources from YAML files: the edge. Says nothing about what is in them."""

from pathlib import Path

import msgspec
import yaml

from cryptostream.core.resource.fields import Faults, fault
from cryptostream.core.resource.parse import parse_stream
from cryptostream.core.resource.spec import StreamSpec
from cryptostream.core.result import Err, Ok, Result


def read_stream(path: Path) -> Result[tuple[StreamSpec, str], Faults]:
    """The one `CryptoStream` of a file, and its document as canonical JSON."""
    documents = read_documents(path)
    if isinstance(documents, Err):
        return documents
    streams = [each for each in documents.value if isinstance(each, dict) and each.get("kind") != "CandleStore"]
    if len(streams) != 1:
        return fault(str(path), f"must hold one CryptoStream, not {len(streams)}", "put each into a file of its own")
    parsed = parse_stream(streams[0])
    if isinstance(parsed, Err):
        return parsed
    return Ok((parsed.value, msgspec.json.encode(streams[0], order="sorted").decode()))


def read_documents(path: Path) -> Result[tuple[object, ...], Faults]:
    """The documents of a YAML file, without empty ones."""
    try:
        with path.open(encoding="utf-8") as file:
            return Ok(tuple(each for each in yaml.safe_load_all(file) if each is not None))
    except OSError as error:
        return fault(str(path), f"must be a file that can be read: {error.strerror}", "check the path")
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        return fault(str(path), f"must be YAML: {' '.join(str(error).split())}", "check the indentation")
