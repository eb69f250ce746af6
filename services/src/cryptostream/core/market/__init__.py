"""Markets as values: intervals and their grids, symbols, series, candles."""
