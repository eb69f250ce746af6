"""What a role may do follows from the plan, and is no more than it needs."""

from cryptostream.core.resource.plan import Role, plan
from cryptostream.core.resource.rights import BucketRight, Right, kafka_rights, store_rights
from tests.support.data import ROOT
from tests.support.resources import stream

PLAN = plan(stream(intervals=["1m", "1h"]))


def test_a_producer_writes_candles_and_its_ledger_under_its_own_transactional_id() -> None:
    assert kafka_rights(PLAN, "producer") == (
        Right("topic", "market.sample.prices-1m", ("Read", "Write")),
        Right("topic", "market.sample.prices-1h", ("Read", "Write")),
        Right("topic", "market.sample.ledger", ("Read", "Write")),
        Right("transactionalId", "market.sample.0", ("Write", "Describe")),
    )


def test_a_consumer_reads_candles_in_its_group_and_writes_none() -> None:
    assert kafka_rights(PLAN, "consumer") == (
        Right("topic", "market.sample.prices-1m", ("Read",)),
        Right("topic", "market.sample.prices-1h", ("Read",)),
        Right("topic", "market.sample.ledger", ("Read", "Write")),
        Right("topic", "market.sample.dead-letter", ("Write",)),
        Right("group", "market.sample", ("Read",)),
    )


def test_no_role_has_a_right_to_what_is_not_of_its_stream() -> None:
    for each in (*kafka_rights(PLAN, "producer"), *kafka_rights(PLAN, "consumer")):
        assert each.name == PLAN.stream or each.name.startswith(f"{PLAN.stream}.")


def test_a_token_is_for_the_two_buckets() -> None:
    assert store_rights(PLAN) == (
        BucketRight("marketdata_raw", read=True, write=True),
        BucketRight("marketdata_enriched", read=True, write=True),
    )


def test_the_page_on_security_has_the_same_table() -> None:
    page = (ROOT / "docs/security.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    told = {row[0]: dict(zip(("producer", "consumer"), row[1:], strict=True)) for row in rows if len(row) == 3}
    names = {
        "topic `<ns>.<name>.prices-<interval>`, each": "market.sample.prices-1m",
        "topic `<ns>.<name>.ledger`": "market.sample.ledger",
        "topic `<ns>.<name>.dead-letter`": "market.sample.dead-letter",
        "transactional id `<ns>.<name>.0`": "market.sample.0",
        "group `<ns>.<name>`": "market.sample",
    }
    roles: tuple[Role, Role] = ("producer", "consumer")
    for role in roles:
        granted = {right.name: ", ".join(right.operations) for right in kafka_rights(PLAN, role)}
        assert {granted.get(name, "none") == told[words][role] for words, name in names.items()} == {True}
