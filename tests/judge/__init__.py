"""The judge: holds what a stream has left, on Kafka and in InfluxDB, against the truth of the exchange.

It imports nothing of `cryptostream` (a test sees to that), so that both cannot err alike: it knows the wire's shapes
from their description alone, reads the topics with a plain client, the buckets by Flux over HTTP, and the truth from
the exchange.

    judge = Judge(stream, kafka, store, exchange)
    judge.look(until)  # as often as wanted: what has come since the last look
    verdict = judge.verdict(until)  # everything that had closed by then, once it is settled
"""
