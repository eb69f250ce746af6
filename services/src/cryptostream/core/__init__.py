"""The pure core: values and functions. No I/O, clock, environment, randomness, logging or asyncio."""
