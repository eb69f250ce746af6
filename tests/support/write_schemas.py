"""Writes the published JSON Schemas anew: `python -m tests.support.write_schemas`, after a change of a shape."""

from cryptostream.core.codec.schema import files
from tests.support.data import ROOT

FOLDER = ROOT / "services" / "src" / "cryptostream" / "core" / "codec" / "schemas"

if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text)
