"""Kubernetes, Strimzi, InfluxDB and pods, as they are asked and changed. Decides nothing."""
