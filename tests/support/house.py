"""Questions to the repository itself: its tracked files, and the length of its functions."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.data import ROOT

PACKAGES = ("services/src", "operator/src")


def tracked() -> tuple[Path, ...]:
    """The files that git knows; without git (an unpacked archive), those outside hidden and built folders."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        files = [ROOT / name for name in done.stdout.split("\0") if name]
    else:
        built = {"build", "dist", "__pycache__"}
        files = [f for f in ROOT.rglob("*") if not any(p in built or p[0] == "." for p in f.relative_to(ROOT).parts)]
    return tuple(file for file in files if file.is_file())


def sources(*suffixes: str) -> tuple[Path, ...]:
    """The tracked files with one of `suffixes`."""
    return tuple(file for file in tracked() if file.suffix in suffixes)


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, text: list[str]) -> int:
    """Lines of `function` that are code: neither blank, nor comment, nor its docstring; with signature."""
    first, last = function.lineno, function.end_lineno or function.lineno
    said = set[int]()
    if ast.get_docstring(function) is not None:
        said = set(range(function.body[0].lineno, (function.body[0].end_lineno or 0) + 1))
    lines = ((number, text[number - 1].strip()) for number in range(first, last + 1))
    return sum(1 for number, line in lines if number not in said and line and not line.startswith("#"))


def function_lengths() -> Iterator[tuple[int, str]]:
    """(code lines, `file:line name`) of each function of the packages."""
    for file in sources(".py"):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(PACKAGES):
            continue
        source = file.read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield code_lines(node, source.splitlines()), f"{name}:{node.lineno} {node.name}"
