"""Errors as values. The bottom of the core: imports nothing of the project."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")
E = TypeVar("E")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Ok(Generic[T]):
    """A value that was computed."""

    value: T


@dataclass(frozen=True, slots=True)
class Err(Generic[E]):
    """The reason why there is no value."""

    error: E


Result = Ok[T] | Err[E]


def map_ok(result: Result[T, E], change: Callable[[T], U]) -> Result[U, E]:
    """Change the value of an `Ok`, pass an `Err` on."""
    return Ok(change(result.value)) if isinstance(result, Ok) else result


def map_err(result: Result[T, E], change: Callable[[E], F]) -> Result[T, F]:
    """Change the error of an `Err`, pass an `Ok` on."""
    return Err(change(result.error)) if isinstance(result, Err) else result


def bind(result: Result[T, E], then: Callable[[T], Result[U, E]]) -> Result[U, E]:
    """Go on with the value of an `Ok`; the first `Err` ends the chain."""
    return then(result.value) if isinstance(result, Ok) else result


def collect(results: Iterable[Result[T, E]]) -> Result[tuple[T, ...], tuple[E, ...]]:
    """All values, or every error: validation does not stop at the first one."""
    done = tuple(results)
    errors = tuple(r.error for r in done if isinstance(r, Err))
    return Err(errors) if errors else Ok(tuple(r.value for r in done if isinstance(r, Ok)))
