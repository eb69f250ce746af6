"""The chart: rendered, refused, accepted by an API server, and enough for the operator."""
