"""The candle store, behind the port `CandleStore`."""
