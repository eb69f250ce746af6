"""The service processes: one producer or one consumer, told by mounted files what to do. Puts the parts together."""
