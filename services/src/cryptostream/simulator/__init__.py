"""The exchange made up, or replayed: REST and WebSocket as Binance speaks them, with faults as switches."""
