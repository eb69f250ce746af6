"""CryptoStream: crypto candles that you can prove are complete."""

__version__ = "0.1.0"
