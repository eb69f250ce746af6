"""Binance at the edge: REST, WebSocket and recorded archives. Decides nothing about completeness."""
