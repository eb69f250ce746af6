r"""A reader of InfluxDB's line protocol, written from its documentation and apart from the encoder it judges.

`measurement,tag=value field=1.0,field=1i,field=true,field="text" time`: in names and tag values a backslash
escapes comma, equals sign and space, in strings quotation mark and backslash; before others it stands for itself.
"""

from dataclasses import dataclass

Value = float | int | bool | str


@dataclass(frozen=True, slots=True)
class Point:
    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    time: int


def read(line: str) -> Point:
    """The point of one line; fails on whatever InfluxDB would refuse."""
    assert "\n" not in line, "one line only"
    head, fields, time = _split(line, " ")
    measurement, *tags = _split(head, ",")
    pairs = [_split(tag, "=") for tag in tags]
    assert all(len(pair) == 2 and all(pair) for pair in pairs), f"empty tag: {head}"
    named = [_split(field, "=") for field in _split(fields, ",")]
    values = {_plain(name): _value(text) for name, text in named}
    assert len(values) == len(named), f"a field twice: {fields}"
    return Point(_plain(measurement), {_plain(name): _plain(text) for name, text in pairs}, values, int(time))


def _split(text: str, separator: str) -> list[str]:
    """Parts of `text` between separators that are neither escaped nor within a string."""
    parts, part, quoted, escaped = [], "", False, False
    for character in text:
        if character == '"' and not escaped:
            quoted = not quoted
        if character == separator and not quoted and not escaped:
            parts.append(part)
            part = ""
        else:
            part += character
        escaped = character == "\\" and not escaped
    assert not quoted, f"a string without an end: {text}"
    return [*parts, part]


def _plain(text: str) -> str:
    for character in ",= ":
        text = text.replace(f"\\{character}", character)
    return text


def _value(text: str) -> Value:
    if text[0] == '"':
        assert text[-1] == '"', text
        return text[1:-1].replace(r"\"", '"').replace(r"\\", "\\")
    if text in {"true", "false"}:
        return text == "true"
    if text[-1] == "i":
        return int(text[:-1])
    assert set(text) <= set("0123456789.eE+-"), f"no number: {text}"
    return float(text)
