"""The judge on real parts: a right stream is left in peace, and each way of breaking it is named."""

from collections.abc import Callable, Iterator

import pytest

from tests.chaos.exchange import SimulatedExchange
from tests.integration.judged_stream import BEGAN, INDICATORS, OUTAGE, START, Break, JudgedStream
from tests.judge.exchange import Exchange
from tests.judge.grid import MINUTE
from tests.judge.judge import Judge
from tests.judge.stream import Stream
from tests.support.parts.influx import Influx
from tests.support.parts.kafka import Kafka

LINE = """The judge itself is tested: break the product on purpose (drop one candle, write one twice, change one digit,
commit early, skip a fencing) and it says so each time."""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One with an outage of three minutes, its clock at ten."""
    stops = [{"start": OUTAGE[0], "end": OUTAGE[1]}]
    with SimulatedExchange(tmp_path_factory.mktemp("exchange"), start=BEGAN, faults={"stops": stops}) as simulated:
        simulated.start()
        yield Exchange(simulated.url)


@pytest.fixture
def stream(kafka: Kafka, influx: Influx, exchange: Exchange, unique: Callable[[str], str]) -> JudgedStream:
    name = unique("tests.judged")
    buckets = (f"{name}-raw", f"{name}-enriched")
    for bucket in buckets:
        influx.create_bucket(bucket)
    symbols = {"BTCUSDC": ("BTC", "USDC"), "ETHUSDC": ("ETH", "USDC")}
    made = JudgedStream(
        Stream(name, symbols, ("1m",), START, INDICATORS, raw_bucket=buckets[0], enriched_bucket=buckets[1]),
        kafka,
        influx,
        exchange,
    )
    made.prepare()
    return made


def test_a_right_stream_is_left_in_peace(stream: JudgedStream) -> None:
    stream.write()
    judge = stream.judge()
    first = judge.look(BEGAN - 60 * MINUTE)
    assert first.clean, first
    second = judge.look(BEGAN)
    assert second.clean, second
    verdict = judge.verdict(BEGAN)
    assert verdict.clean, verdict
    assert verdict.candles == verdict.records == 2 * (120 - 3)


def drop_a_candle(stream: JudgedStream) -> None:
    """Neither published nor stored."""
    lost = stream.records.pop(40)
    stream.raw[:] = [point for point in stream.raw if not _is(point.time, point.tags, lost)]
    stream.enriched[:] = [point for point in stream.enriched if not _is(point.time, point.tags, lost)]


def write_one_twice(stream: JudgedStream) -> None:
    stream.records.insert(60, stream.records[59])


def change_a_digit_on_the_topic(stream: JudgedStream) -> None:
    stream.records[7]["close"] = stream.records[7]["close"][:-1] + "1"


def change_a_digit_in_the_store(stream: JudgedStream) -> None:
    point = stream.raw[7]
    stream.raw[7] = point._replace(fields={**point.fields, "volume": float(str(point.fields["volume"]) + "1")})


def commit_early(stream: JudgedStream) -> None:
    """Published and committed, but the consumer died before it was stored."""
    del stream.raw[100:104]
    del stream.enriched[100:104]


def skip_a_fencing(stream: JudgedStream) -> None:
    """A producer that was not fenced publishes on beside the new one: the same candles, and older ones in between."""
    stream.records[50:50] = [{**each, "published_at": 1} for each in stream.records[44:47]]


def go_back_in_time(stream: JudgedStream) -> None:
    stream.records[20], stream.records[21] = stream.records[21], stream.records[20]


def leave_a_row_stale(stream: JudgedStream) -> None:
    point = stream.enriched[90]
    stream.enriched[90] = point._replace(fields={**point.fields, "sma20": float(point.fields["sma20"]) * 1.001})


def keep_a_value_that_became_undefined(stream: JudgedStream) -> None:
    point = stream.enriched[2]
    stream.enriched[2] = point._replace(fields={**point.fields, "sma20": 1.0})


def invent_a_candle(stream: JudgedStream) -> None:
    stream.raw.append(stream.raw[28]._replace(time=OUTAGE[0]))


def invent_a_series(stream: JudgedStream) -> None:
    stream.raw.append(stream.raw[0]._replace(tags={**stream.raw[0].tags, "symbol": "DOGEUSDC"}))


def name_another_cause(stream: JudgedStream) -> None:
    stream.gaps[0]["cause"] = "before_listing"


def leave_a_gap_open(stream: JudgedStream) -> None:
    stream.gaps[1]["state"] = "open"


def name_no_gap(stream: JudgedStream) -> None:
    del stream.gaps[0]


BREAKS: dict[Break, tuple[str, str]] = {
    drop_a_candle: ("lost", "is not published"),
    write_one_twice: ("duplicated", "revision 0 once more"),
    change_a_digit_on_the_topic: ("wrong", "at the exchange"),
    change_a_digit_in_the_store: ("wrong", "volume is"),
    commit_early: ("lost", "is not in the raw bucket"),
    skip_a_fencing: ("duplicated", "once more"),
    go_back_in_time: ("wrong", "goes back"),
    leave_a_row_stale: ("wrong", "stale"),
    keep_a_value_that_became_undefined: ("wrong", "defined differently"),
    invent_a_candle: ("wrong", "invented"),
    invent_a_series: ("wrong", "with the tags"),
    name_another_cause: ("wrong", "absent because of exchange_outage"),
    leave_a_gap_open: ("wrong", "is left open"),
    name_no_gap: ("wrong", "0 gaps say so"),
}


@pytest.mark.parametrize("break_", BREAKS, ids=lambda break_: break_.__name__)
def test_what_is_broken_is_named(break_: Break, stream: JudgedStream) -> None:
    """The judge itself is tested: break the product on purpose … and it says so each time."""
    break_(stream)
    stream.write()
    verdict = stream.judge().verdict(BEGAN)
    kind, words = BREAKS[break_]
    assert any(words in told for told in verdict.findings.told[kind]), verdict  # type: ignore[index]


def test_what_an_aborted_transaction_holds_was_never_said(stream: JudgedStream) -> None:
    stream.write()
    again = [stream.message(each) for each in stream.records[:5]]
    stream.produce(again, transaction=stream.stream.name)
    verdict = stream.judge().verdict(BEGAN)
    assert verdict.clean, verdict


def test_dead_letters_are_listed(stream: JudgedStream) -> None:
    stream.write()
    refused = stream.message(stream.records[0])._replace(
        topic=stream.stream.dead_letter_topic, headers=(("reason", b"off_grid"),)
    )
    stream.produce([refused])
    verdict = stream.judge().verdict(BEGAN)
    assert verdict.dead_letters == ("reason=off_grid",)
    assert not verdict.clean


def test_looks_see_what_has_changed_since(stream: JudgedStream) -> None:
    """A look judges again from the earliest candle that was published since the last one."""
    stream.write()
    judge: Judge = stream.judge()
    assert judge.look(BEGAN).clean
    revised = {**stream.records[10], "revision": 1, "volume": "1.00000000"}
    stream.produce([stream.message(revised)])
    found = judge.look(BEGAN)
    assert "volume 1.00000000 is" in str(judge.findings)
    assert "revision is 0, not 1" in str(found)


def _is(time: int, tags: object, record: dict[str, object]) -> bool:
    assert isinstance(tags, dict)
    return time == record["open_time"] and tags["symbol"] == record["symbol"]
