"""The real parts that tests run against: Kafka, InfluxDB, certificates, and a network that can be broken.

Servers are built once into the user's cache (`cache`, from the recipes in `tests/parts`), started on loopback by
`process`, and used by the fixtures of `fixtures`. docs/testing.md is the page about them.
"""
