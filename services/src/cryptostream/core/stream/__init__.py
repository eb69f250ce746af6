"""The pure steps of the producer and the consumer: (state, event) to (state, effects)."""
