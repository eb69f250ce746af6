"""What a service is told, read from its files once: configuration, assignment and the names of its credentials.

Nothing is opened here: a fault found now is bad input, and leaves nothing behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from cryptostream.core.codec.service import Assignment, KafkaAccess, ServiceConfig, StoreAccess
from cryptostream.core.indicators.catalogue import Indicator, compile_indicators
from cryptostream.core.resource.parse_service import parse_assignment, parse_config
from cryptostream.core.resource.plan import Role
from cryptostream.core.resource.service_config import spec_of
from cryptostream.core.resource.spec import Fault, StreamSpec
from cryptostream.core.result import Err, Ok, Result, bind, map_ok
from cryptostream.service.files import read_file

T = TypeVar("T")
P = TypeVar("P", ServiceConfig, KafkaAccess, StoreAccess)
Faults = tuple[Fault, ...]
CERTIFICATES = frozenset({"ca_file", "cert_file", "key_file", "exchange_ca_file"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the files said at the start. Every path in `config` is absolute."""

    config: ServiceConfig
    assigned: Assignment
    assigned_as: bytes
    spec: StreamSpec
    indicators: tuple[Indicator, ...]

    @property
    def certificates(self) -> tuple[Path, ...]:
        """Files that are read when a connection is first made; only a new process takes in what they become."""
        return tuple(dict.fromkeys(Path(path) for _, name, path in files(self.config) if name in CERTIFICATES))


def read_settings(path: Path, role: Role) -> Result[Settings, Faults]:
    """The settings of the process whose configuration is at `path`, or all that is wrong with them."""
    read = bind(_content(path), lambda content: bind(_decoded(content), parse_config))
    if isinstance(read, Err):
        return Err(_in_file(path, read.error))
    config = _absolute(read.value, path.absolute().parent)
    faults = (*_needs(config, role), *_unreadable(config))
    if faults:
        return Err(_in_file(path, faults))
    settings = bind(_content(Path(config.assignment_file)), lambda content: _settings(config, content))
    return Err(_in_files(path, config, settings.error)) if isinstance(settings, Err) else settings


def read_assignment(config: ServiceConfig, content: bytes) -> Result[tuple[Assignment, StreamSpec], Faults]:
    """The assignment in `content`, and the stream that it makes of the configuration."""
    assigned = bind(_decoded(content), parse_assignment)
    return bind(assigned, lambda found: map_ok(spec_of(config, found), lambda spec: (found, spec)))


def files(config: ServiceConfig) -> Iterator[tuple[str, str, str]]:
    """Every file that a configuration names: the path of the field, its attribute, the path of the file."""
    for prefix, part in (("", config), ("kafka.", config.kafka), ("store.", config.store)):
        for field in () if part is None else msgspec.structs.fields(part):
            if field.name.endswith("_file") and (path := getattr(part, field.name)) is not None:
                yield f"{prefix}{field.encode_name}", field.name, path


def _settings(config: ServiceConfig, content: bytes) -> Result[Settings, Faults]:
    read = read_assignment(config, content)
    if isinstance(read, Err):
        return read
    assigned, spec = read.value
    indicators = compile_indicators(spec.indicators, spec.intervals)
    return map_ok(indicators, lambda compiled: Settings(config, assigned, content, spec, compiled))


def _content(path: Path) -> Result[bytes, Faults]:
    content = read_file(path)
    return Err((Fault("document", content.error, "check the path"),)) if isinstance(content, Err) else content


def _decoded(content: bytes) -> Result[object, Faults]:
    try:
        return Ok(msgspec.json.decode(content))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Err((Fault("document", f"must be JSON: {error}", "check commas, quotes and brackets"),))


def _in_files(path: Path, config: ServiceConfig, faults: Faults) -> Faults:
    """What the resource gets wrong stands in the configuration, all else in the assignment."""
    ours = tuple(fault for fault in faults if fault.path.startswith("resource."))
    others = tuple(fault for fault in faults if fault not in ours)
    return (*_in_file(path, ours), *_in_file(Path(config.assignment_file), others))


def _in_file(path: Path, faults: Faults) -> Faults:
    return tuple(replace(fault, path=f"{path}: {fault.path}") for fault in faults)


def _absolute(config: ServiceConfig, folder: Path) -> ServiceConfig:
    """`config` with each path in it taken from `folder`."""

    def placed(part: P) -> P:
        named = {name: getattr(part, name) for name in part.__struct_fields__ if name.endswith(("_file", "_dir"))}
        return replace(part, **{name: str(folder / path) for name, path in named.items() if path is not None})

    return replace(
        placed(config), kafka=placed(config.kafka), store=None if config.store is None else placed(config.store)
    )


def _needs(config: ServiceConfig, role: Role) -> Iterator[Fault]:
    if role == "consumer" and config.store is None:
        yield Fault("store", "must be given for a consumer", "say where InfluxDB is")


def _unreadable(config: ServiceConfig) -> Iterator[Fault]:
    """What is in a secret is not told."""
    for field, _, path in files(config):
        content = read_file(Path(path))
        if isinstance(content, Err):
            yield Fault(field, f"{content.error}: {path}", "check what is mounted there")
        elif not content.value.strip():
            yield Fault(field, f"must not be an empty file: {path}", "check what is mounted there")
