"""Shell of the producer: does the effects of `core.stream.producer` and nothing else."""
