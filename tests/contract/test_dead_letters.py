"""What keeps refused records, whoever implements it."""

import msgspec
import pytest
from msgspec.structs import replace

from cryptostream.core.market.reject import Rejected
from cryptostream.core.ports import DeadLetter, LogRecord
from tests.contract.providers import Letters
from tests.support.stored import BTC_1M, T0, candle, done

RECORD = candle(BTC_1M, T0).record
VALUE = msgspec.json.encode(RECORD)


def letter(value: bytes = VALUE, *, offset: int = 41) -> DeadLetter:
    record = LogRecord("market.majors.prices-1m", 2, offset, b"BTCUSDC", value, (("lane", b"live"),), T0)
    return DeadLetter(record, Rejected("negative", "volume is -1"), "validate", T0, "BTCUSDC", "1m", T0)


def test_letters_keep_their_bytes(letters: Letters) -> None:
    values = [VALUE, b"\xff\x00 no JSON", b"[1]", b""]
    done(letters.dead_letters.put([letter(value) for value in values]))
    assert sorted(letters.kept()) == sorted(values)


def test_the_same_letter_again_changes_nothing(letters: Letters) -> None:
    once_more = replace(RECORD, published_at=RECORD.published_at + 5, lane="repair", exchange_time=T0)
    done(letters.dead_letters.put([letter(), letter()]))
    done(letters.dead_letters.put([letter(msgspec.json.encode(once_more), offset=77)]))
    assert letters.kept() == [VALUE]


@pytest.mark.parametrize(
    "other",
    [
        replace(letter(), rejected=Rejected("inconsistent", "high is below low")),
        replace(letter(), open_time=T0 + 60_000),
        replace(letter(), symbol="ETHUSDC"),
        letter(msgspec.json.encode(replace(RECORD, volume="-2"))),
        replace(letter(), symbol=None, interval=None, open_time=None, stage="decode"),
    ],
    ids=["reason", "open time", "symbol", "content", "no place"],
)
def test_other_letters_are_kept_beside_it(letters: Letters, other: DeadLetter) -> None:
    done(letters.dead_letters.put([letter()]))
    done(letters.dead_letters.put([other]))
    assert len(letters.kept()) == 2
