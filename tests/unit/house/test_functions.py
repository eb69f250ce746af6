"""Functions are short: half of them have at most 12 lines of code, nine in ten at most 30."""

import ast

from tests.support.house import code_lines, function_lengths

LONG = '''
def f(
    x: int,
) -> int:
    """Said
    in two lines."""

    # why
    return x
'''


def test_lines_of_code_are_counted_without_docstring_blanks_and_comments() -> None:
    (function,) = ast.parse(LONG).body
    assert isinstance(function, ast.FunctionDef)
    assert code_lines(function, LONG.splitlines()) == 4


def test_functions_are_short() -> None:
    found = sorted(function_lengths())
    longest = "\n".join(f"{lines} {name}" for lines, name in found[-10:])
    assert found[len(found) // 2][0] <= 12, longest
    assert found[len(found) * 9 // 10][0] <= 30, longest
