"""What shells tell is what Prometheus reads."""

from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cryptostream.core.market.series import Series
from cryptostream.core.resource.spec import Objectives
from cryptostream.observe.catalogue import CATALOGUE
from cryptostream.observe.metrics import Metrics

BTC = Series("BTCUSDC", "1m")
ETH = Series("ETHUSDC", "1s")
NOW = 1_761_711_780_000


class Time:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def metrics(time: Time) -> Metrics:
    return Metrics("market.majors", time, simulated=True)


ORDER = (
    *("simulated", "version", "symbol", "interval", "stage", "outcome", "cause", "reason", "topic"),
    *("partition", "kind", "part", "bucket", "le"),
)


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """{(name, label values in `ORDER`…): value} as a scraper parses it."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *(sample.labels[label] for label in ORDER if label in sample.labels)): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_described_metric_is_exposed_with_its_meaning(metrics: Metrics) -> None:
    text = metrics.render().decode()
    for described in CATALOGUE:
        assert f"# HELP {described.exposed} {described.meaning}\n" in text
        assert f"# TYPE {described.exposed} {described.kind}\n" in text


def test_the_run_says_what_it_is(metrics: Metrics) -> None:
    assert samples(metrics)["cryptostream_run_info", "true", "0.1.0"] == 1


def test_every_sample_says_of_which_stream_it_is(metrics: Metrics) -> None:
    metrics.published(BTC, "live")
    metrics.stored(BTC, 1, latencies=(0.2,))
    families = text_string_to_metric_families(metrics.render().decode())
    assert {sample.labels["stream"] for family in families for sample in family.samples} == {"market.majors"}


def test_candles_are_counted_by_stage_and_outcome(metrics: Metrics) -> None:
    metrics.published(BTC, "live")
    metrics.published(BTC, "history", 500)
    metrics.stored(BTC, 2, latencies=(0.2, 4.0))
    metrics.stored_before(BTC, 3)
    metrics.dead_lettered("validate", "inconsistent", BTC)
    found = samples(metrics)
    name = ("cryptostream_candles_total", "BTCUSDC", "1m")
    assert found[*name, "published", "live"] == 1
    assert found[*name, "published", "history"] == 500
    assert found[*name, "stored", "stored"] == 2
    assert found[*name, "stored", "duplicate"] == 3
    assert found[*name, "refused", "validate"] == 1
    assert found["cryptostream_rejects_total", "inconsistent"] == 1
    assert found["cryptostream_dead_letters_total", "validate"] == 1
    assert found["cryptostream_close_to_stored_seconds_bucket", "1m", "0.25"] == 1
    assert found["cryptostream_close_to_stored_seconds_count", "1m"] == 2


def test_a_dead_letter_of_no_known_series_counts_as_one(metrics: Metrics) -> None:
    metrics.dead_lettered("decode", "malformed")
    found = samples(metrics)
    assert found["cryptostream_dead_letters_total", "decode"] == 1
    assert not [key for key in found if key[0] == "cryptostream_candles_total"]


def test_faults_of_the_data_are_counted(metrics: Metrics) -> None:
    metrics.rejected("off_grid")
    metrics.duplicates_dropped(BTC, 7)
    metrics.restated(BTC)
    metrics.chain_broken(ETH)
    metrics.rollup_mismatched(BTC)
    found = samples(metrics)
    assert found["cryptostream_rejects_total", "off_grid"] == 1
    assert found["cryptostream_duplicates_dropped_total", "BTCUSDC", "1m"] == 7
    assert found["cryptostream_restatements_total", "BTCUSDC", "1m"] == 1
    assert found["cryptostream_trade_chain_breaks_total", "ETHUSDC", "1s"] == 1
    assert found["cryptostream_rollup_mismatches_total", "BTCUSDC", "1m"] == 1


def test_freshness_grows_while_nothing_arrives(metrics: Metrics, time: Time) -> None:
    metrics.newest(BTC, NOW - 1_500)
    assert samples(metrics)["cryptostream_freshness_seconds", "BTCUSDC", "1m"] == 1.5
    time.now += 60_000
    assert samples(metrics)["cryptostream_freshness_seconds", "BTCUSDC", "1m"] == 61.5
    metrics.newest(BTC, NOW + 59_000)
    assert samples(metrics)["cryptostream_freshness_seconds", "BTCUSDC", "1m"] == 1


def test_series_of_lost_partitions_are_no_longer_told(metrics: Metrics) -> None:
    metrics.newest(BTC, NOW)
    metrics.newest_only({ETH: NOW - 1000})
    found = {key[1:]: value for key, value in samples(metrics).items() if key[0] == "cryptostream_freshness_seconds"}
    assert found == {("ETHUSDC", "1s"): 1}


def test_a_gap_that_is_no_longer_told_is_gone(metrics: Metrics) -> None:
    metrics.gaps(BTC, {"pending": 80})
    assert ("cryptostream_gap_candles", "BTCUSDC", "1m", "exchange_outage") not in samples(metrics)
    metrics.gaps(BTC, {"exchange_outage": 80})
    found = samples(metrics)
    assert found["cryptostream_gap_candles", "BTCUSDC", "1m", "pending"] == 0
    assert found["cryptostream_gap_candles", "BTCUSDC", "1m", "exchange_outage"] == 80


def test_completeness_of_nothing_expected_is_whole(metrics: Metrics) -> None:
    metrics.completeness(BTC, 4320, 4319)
    metrics.completeness(ETH, 0, 0)
    found = samples(metrics)
    assert found["cryptostream_completeness_ratio", "BTCUSDC", "1m"] == 4319 / 4320
    assert found["cryptostream_completeness_ratio", "ETHUSDC", "1s"] == 1
    assert found["cryptostream_expected_candles", "BTCUSDC", "1m"] == 4320


def test_what_the_stream_promises_stands_beside_what_it_does(metrics: Metrics) -> None:
    metrics.objectives(Objectives(freshness_seconds=5, completeness_percent=Decimal("99.9")), ("1s", "1m", "1M"))
    metrics.history_left(500)
    found = samples(metrics)
    assert found["cryptostream_freshness_limit_seconds", "1s"] == 1 + 5 + 1
    assert found["cryptostream_freshness_limit_seconds", "1m"] == 60 + 5 + 2
    assert found["cryptostream_freshness_limit_seconds", "1M"] == 31 * 86_400 + 5 + 2
    assert found["cryptostream_completeness_objective_ratio",] == 0.999
    assert found["cryptostream_history_left_candles",] == 500


def test_markets_are_those_that_are_followed_now(metrics: Metrics) -> None:
    metrics.markets({"BTCUSDC": "TRADING", "ETHUSDC": "TRADING"})
    metrics.markets({"ETHUSDC": "HALT"})
    found = {key[1]: value for key, value in samples(metrics).items() if key[0] == "cryptostream_market_trading"}
    assert found == {"ETHUSDC": 0}


def test_what_may_go_wrong_is_counted_from_nought_on(metrics: Metrics) -> None:
    found = samples(metrics)
    for stage in ("decode", "validate", "store"):
        assert found["cryptostream_dead_letters_total", stage] == 0
    for outcome in ("ok", "rate_limited", "banned", "blocked", "unavailable", "refused"):
        assert found["cryptostream_fetches_total", outcome] == 0


def test_sizes_of_batches_are_told(metrics: Metrics) -> None:
    metrics.records_read(20)
    metrics.store_wrote("raw", 20, 4000)
    found = samples(metrics)
    assert found["cryptostream_log_batch_records_bucket", "16.0"] == 0
    assert found["cryptostream_log_batch_records_bucket", "64.0"] == 1
    assert found["cryptostream_store_batch_points_count", "raw"] == 1


def test_a_series_no_longer_followed_leaves_its_counts_only(metrics: Metrics) -> None:
    for series in (BTC, ETH):
        metrics.published(series, "live")
        metrics.newest(series, NOW)
        metrics.completeness(series, 1, 1)
        metrics.gaps(series, {"pending": 1})
    metrics.forget(BTC)
    names = {key[0] for key in samples(metrics) if key[1:3] == ("BTCUSDC", "1m")}
    assert names == {"cryptostream_candles_total"}
    assert samples(metrics)["cryptostream_freshness_seconds", "ETHUSDC", "1s"] == 0


def test_forgetting_a_series_never_told_of_is_fine(metrics: Metrics) -> None:
    metrics.forget(BTC)
    assert ("cryptostream_freshness_seconds", "BTCUSDC", "1m") not in samples(metrics)


def test_the_exchange_is_told_piece_by_piece(metrics: Metrics) -> None:
    metrics.fetched()
    metrics.fetched("banned")
    metrics.exchange(weight_used=120, weight_limit=6000, clock_offset=-250)
    metrics.exchange(weight_used=121, banned_until=NOW)
    metrics.connections(2)
    found = samples(metrics)
    assert found["cryptostream_fetches_total", "ok"] == 1
    assert found["cryptostream_fetches_total", "banned"] == 1
    assert found["cryptostream_exchange_weight_used",] == 121
    assert found["cryptostream_exchange_weight_limit",] == 6000
    assert found["cryptostream_exchange_clock_offset_seconds",] == -0.25
    assert found["cryptostream_exchange_banned_until_seconds",] == NOW / 1000
    assert found["cryptostream_connections",] == 2


def test_backlog_threads_and_memory_are_asked_for_when_rendered(metrics: Metrics) -> None:
    waiting = [1, 2, 3]
    metrics.backlog(lambda: len(waiting))
    waiting.append(4)
    found = samples(metrics)
    assert found["cryptostream_log_backlog_records",] == 4
    assert found["cryptostream_threads",] >= 1
    assert found["cryptostream_process_resident_memory_bytes",] > 1_000_000


def test_two_streams_in_one_process_do_not_mix(metrics: Metrics, time: Time) -> None:
    other = Metrics("market.minors", time, simulated=False)
    metrics.published(BTC, "live")
    assert not [key for key in samples(other) if key[0] == "cryptostream_candles_total"]


def test_the_lag_is_that_of_the_partitions_held_now(metrics: Metrics) -> None:
    metrics.lags({("a.b.prices-1m", 0): 5, ("a.b.prices-1m", 1): 0})
    metrics.lags({("a.b.prices-1m", 1): 7, ("a.b.prices-1h", 1): 1})
    found = {key[1:]: value for key, value in samples(metrics).items() if key[0] == "cryptostream_log_lag_records"}
    assert found == {("a.b.prices-1m", "1"): 7, ("a.b.prices-1h", "1"): 1}


def test_what_the_log_does_is_counted(metrics: Metrics) -> None:
    metrics.records_read(5)
    metrics.records_read(2)
    metrics.rebalanced("assigned")
    metrics.offsets_committed()
    metrics.range_expired(("a.b.prices-1m", 3))
    metrics.transaction("committed", 0.03)
    metrics.ledger_read(1200, 0.5)
    metrics.reachable("store", reachable=False)
    metrics.generation(4)
    found = samples(metrics)
    assert found["cryptostream_log_records_read_total",] == 7
    assert found["cryptostream_log_rebalances_total", "assigned"] == 1
    assert found["cryptostream_log_commits_total",] == 1
    assert found["cryptostream_log_ranges_expired_total", "a.b.prices-1m"] == 1
    assert found["cryptostream_transactions_total", "committed"] == 1
    assert found["cryptostream_transaction_seconds_bucket", "0.05"] == 1
    assert found["cryptostream_ledger_read_records",] == 1200
    assert found["cryptostream_ledger_read_seconds",] == 0.5
    assert found["cryptostream_reachable", "store"] == 0
    assert ("cryptostream_reachable", "log") not in found
    assert found["cryptostream_assignment_generation",] == 4
