"""Shell of the consumer: does the effects of `core.stream.consumer` and nothing else."""
