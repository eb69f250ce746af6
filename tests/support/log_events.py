"""The events that the code logs, by level, read from its sources."""

import ast
from collections.abc import Iterator

from tests.support.data import ROOT

LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
SOURCES = ("services/src", "operator/src")


def events() -> set[tuple[str, str]]:
    """(event, level) of every call of a log with a constant word."""
    files = (file for source in SOURCES for file in (ROOT / source).rglob("*.py"))
    return {found for file in files for found in _logged(ast.parse(file.read_text()))}


def _logged(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=told, attr=level), args=[first, *_]) if level in LEVELS:
                if ast.unparse(told).lower().endswith("log") and isinstance(first, ast.Constant):
                    yield str(first.value), LEVELS[level]
