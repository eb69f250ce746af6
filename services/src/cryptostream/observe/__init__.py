"""What the running system says of itself: logs, metrics, health and `/status`."""
