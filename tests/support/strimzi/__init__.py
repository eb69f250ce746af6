"""Strimzi's part: a program that keeps the contract of Strimzi's three operators against a real API server and Kafka.

    python -m tests.support.strimzi --kubeconfig F --kafka HOST:PORT --tls FOLDER …

It shows what Strimzi 1.2 shows: statuses, Secrets, finalizers, refusals; and does to Kafka what Strimzi does. What it
does not do: run Kafka, Cruise Control, quotas.
"""
