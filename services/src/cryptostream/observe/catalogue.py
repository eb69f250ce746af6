"""Every metric of the data plane: name, kind, labels, meaning. They are made from this list, and docs print it.

All have the label `stream` besides. Labels are bounded: symbols and intervals by the declared series, all others by
closed lists in the core.
"""

from cryptostream.core.codec.metric import Described

LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds; the exchange itself pushes a closed candle 0.1 to 2 s after its close."""
SIZE_BUCKETS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 8192.0, 16384.0)
"""Upper bounds of batches."""

SERIES = ("symbol", "interval")

CATALOGUE = (
    Described("run_info", "gauge", "Always 1; says which stream this is.", ("simulated", "version")),
    Described(
        "candles",
        "counter",
        "Candles by stage and outcome: published (live, repair, history), stored (stored, duplicate), "
        "refused (decode, validate, store).",
        (*SERIES, "stage", "outcome"),
    ),
    Described("restatements", "counter", "Candles the exchange changed after they were published.", SERIES),
    Described("duplicates_dropped", "counter", "Candles that arrived again and were not published again.", SERIES),
    Described(
        "gap_candles",
        "gauge",
        "Grid open times that are not published, by cause; causes that a series has never had are left out.",
        (*SERIES, "cause"),
    ),
    Described("freshness_seconds", "gauge", "Exchange time less close time of the newest stored candle.", SERIES),
    Described(
        "freshness_limit_seconds",
        "gauge",
        "Freshness above which the next candle is late: the interval, the push delay of the exchange, the objective.",
        ("interval",),
    ),
    Described("expected_candles", "gauge", "Candles due since the start, less those the exchange lacks.", SERIES),
    Described(
        "completeness_ratio",
        "gauge",
        "Candles there as a part of those expected, 0 to 1: stored in an embedded run, published by a producer.",
        SERIES,
    ),
    Described("completeness_objective_ratio", "gauge", "The part of expected candles that the stream promises."),
    Described("history_left_candles", "gauge", "Candles of the history that are still to be fetched."),
    Described("market_trading", "gauge", "1 while the exchange trades a symbol, 0 if not: halted, say.", ("symbol",)),
    Described(
        "close_to_stored_seconds", "histogram", "From the close of a live candle until it is stored.", ("interval",)
    ),
    Described(
        "trade_chain_breaks", "counter", "Neighbours whose trade ids do not join, so that trades are missing.", SERIES
    ),
    Described("rollup_mismatches", "counter", "Candles that are not the sum of the shorter ones within them.", SERIES),
    Described("rejects", "counter", "Frames, rows and records that are no candle, by reason.", ("reason",)),
    Described(
        "dead_letters", "counter", "Refused records that were kept, by the stage which refused them.", ("stage",)
    ),
    Described(
        "fetches", "counter", "Questions to the exchange's REST interface by outcome: ok or the fault.", ("outcome",)
    ),
    Described("exchange_weight_used", "gauge", "Request weight used in this minute, as the exchange counts it."),
    Described("exchange_weight_limit", "gauge", "Request weight an address may use in a minute."),
    Described("exchange_clock_offset_seconds", "gauge", "Exchange time less the time of this machine."),
    Described("exchange_banned_until_seconds", "gauge", "Unix time at which a ban ends; 0 without one."),
    Described("connections", "gauge", "Open WebSocket connections."),
    Described("log_backlog_records", "gauge", "Records published and not yet read from the log in this process."),
    Described(
        "log_lag_records",
        "gauge",
        "Records published and not yet given to this consumer, by partition it holds.",
        ("topic", "partition"),
    ),
    Described("log_records_read", "counter", "Records given to this consumer."),
    Described("log_batch_records", "histogram", "Records given to this consumer at a time."),
    Described(
        "log_rebalances", "counter", "Times that partitions were assigned, revoked or lost to this consumer.", ("kind",)
    ),
    Described("log_commits", "counter", "Commits of offsets that the broker has taken."),
    Described("log_ranges_expired", "counter", "Ranges that were deleted before they were read.", ("topic",)),
    Described("transactions", "counter", "Transactions that were committed, aborted or failed.", ("outcome",)),
    Described(
        "transaction_seconds", "histogram", "From the beginning of a transaction to its end; it holds up readers."
    ),
    Described("ledger_read_records", "gauge", "Records read to take over from an earlier producer."),
    Described("ledger_read_seconds", "gauge", "How long that took."),
    Described("reachable", "gauge", "1 if the last call succeeded, else 0, by part: log, store.", ("part",)),
    Described(
        "store_requests",
        "counter",
        "Requests to the store by outcome: done, its status, unreachable.",
        ("path", "outcome"),
    ),
    Described("store_request_seconds", "histogram", "From a request to the store until its answer.", ("path",)),
    Described("store_points", "counter", "Points that the store has taken, by bucket.", ("bucket",)),
    Described("store_batch_points", "histogram", "Points of a request that the store has taken.", ("bucket",)),
    Described("store_bytes", "counter", "Bytes of the requests that carried them.", ("bucket",)),
    Described(
        "store_deletions", "counter", "Deletions of points that lose a field, before they are written.", ("bucket",)
    ),
    Described("assignment_generation", "gauge", "Generation of the assignment that is followed."),
    Described(
        "waiting_seconds",
        "gauge",
        "For how long the consumer has waited for log or store; 0 if it does not.",
        ("part",),
    ),
    Described(
        "expired_candles", "counter", "Candles deleted from the log before they were read, to be fetched again.", SERIES
    ),
    Described(
        "unaccounted_records", "gauge", "Records read that are neither stored, repeated, refused nor the ledger's."
    ),
    Described("threads", "gauge", "Threads of the process."),
)
