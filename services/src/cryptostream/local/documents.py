"""Reads resources from YAML files: the edge. What is in them is for `core.resource` to judge."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec.structs import replace

from cryptostream.clock import SystemClock
from cryptostream.core.market.interval import Millis
from cryptostream.core.resource.checks import store_faults
from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.parse import parse_resource, parse_stream
from cryptostream.core.resource.parse_workload import plain_object
from cryptostream.core.resource.spec import Fault, StreamSpec
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Err, Ok, Result

MOST_BYTES: Final = 1024 * 1024
"""About what an API server takes."""
MOST_VALUES: Final = 100_000


def read_stream(path: Path, now: Millis | None = None) -> Result[tuple[StreamSpec, str], Faults]:
    """The one `CryptoStream` of a file, judged at `now` (the present unless given), and its canonical JSON."""
    documents = read_documents(path)
    if isinstance(documents, Err):
        return documents
    streams = [each for each in documents.value if not isinstance(each, Mapping) or each.get("kind") != "CandleStore"]
    if len(streams) != 1:
        return _fault(path, f"must hold one CryptoStream, not {len(streams)}", "put each into a file of its own")
    parsed = parse_stream(streams[0], SystemClock().now() if now is None else now)
    if isinstance(parsed, Err):
        return parsed
    canonical = plain_object(streams[0], "document")
    return Err(canonical.faults) if canonical.value is None else Ok((parsed.value, canonical.value))


def read_resources(path: Path, now: Millis) -> Result[tuple[StreamSpec | StoreSpec, ...], Faults]:
    """Every resource of a file, judged at `now`, or the faults of all of them; of several, paths name the document."""
    documents = read_documents(path)
    if isinstance(documents, Err):
        return documents
    parsed = [parse_resource(each, now) for each in documents.value]
    specs = tuple(each.value for each in parsed if isinstance(each, Ok))
    own = [each.error if isinstance(each, Err) else _of_its_store(each.value, specs, now) for each in parsed]
    many = len(parsed) > 1
    faults = tuple(_in_document(place if many else None, each) for place, found in enumerate(own, 1) for each in found)
    return Err(faults) if faults else Ok(specs)


def _of_its_store(spec: StreamSpec | StoreSpec, others: Iterable[StreamSpec | StoreSpec], now: Millis) -> Faults:
    if isinstance(spec, StoreSpec):
        return ()
    stores = (each for each in others if isinstance(each, StoreSpec))
    mine = (each for each in stores if (each.namespace, each.name) == (spec.namespace, spec.store_ref))
    return tuple(fault for store in mine for fault in store_faults(spec, store, now))


def _in_document(place: int | None, fault: Fault) -> Fault:
    return fault if place is None else replace(fault, path=f"document {place}: {fault.path}")


def read_documents(path: Path) -> Result[tuple[object, ...], Faults]:
    """The documents of a YAML file, without empty ones. Times stay texts, as in Kubernetes."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            return _fault(path, f"must be at most {MOST_BYTES} bytes", "is it a resource?")
        documents = tuple(each for each in yaml.load_all(content, _Loader) if each is not None)
    except OSError as error:
        return _fault(path, f"must be a file that can be read: {error.strerror}", "check the path")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return _fault(path, f"must be YAML: {_problem(error)}", "check indentation, quotes and brackets")
    if sum(1 for _ in islice(_values(documents), MOST_VALUES)) == MOST_VALUES:
        return _fault(path, f"must have fewer than {MOST_VALUES} values", "do without anchors that repeat others")
    return Ok(documents) if documents else _fault(path, "must hold a resource: it is empty", "write one")


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: no type for times, and no key twice in one object."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and kind of table that PyYAML looks for
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        """An object; one key twice is refused, as one of its values would be lost."""
        seen = set[str]()
        keys = (key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<")
        for key in keys:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _values(value: object) -> Iterator[object]:
    """Every value in `value`; endless where one holds itself."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.values() if isinstance(each, dict) else each if isinstance(each, list | tuple) else ()


def _problem(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {' '.join(str(error.problem).split())}"
    return " ".join(str(error).split())[:200]


def _fault(path: Path, message: str, remedy: str) -> Err[Faults]:
    return Err((Fault(str(path), message, remedy),))
