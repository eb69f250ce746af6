"""The catalogue of indicators and their computation on windows of stored candles."""
