from msgspec.structs import replace

from cryptostream.core.codec.dead_letter import headers, without_bytes
from cryptostream.core.market.reject import Rejected
from cryptostream.core.ports import DeadLetter, LogRecord
from cryptostream.log.letter_book import REDRIVEN, Book, Selection, again, times

TOPIC = "market.majors.prices-1m"
REFUSED = LogRecord(TOPIC, 2, 41, b"BTCUSDC", b'{"volume":"-1"}', (("lane", b"live"),), 1)
LETTER = DeadLetter(REFUSED, Rejected("negative", "volume is -1"), "validate", 1_000, "BTCUSDC", "1m", 60_000)


def kept(letter: DeadLetter, offset: int) -> LogRecord:
    record = letter.record
    return LogRecord("market.majors.dead-letter", 0, offset, record.key, record.value, headers(letter), 2)


def at(letter: DeadLetter, offset: int, redriven: int = 0) -> DeadLetter:
    """The letter of the same record, published again at another offset."""
    own = (*letter.record.headers, *(((REDRIVEN, b"%d" % redriven),) if redriven else ()))
    return replace(letter, record=replace(letter.record, offset=offset, headers=own))


def book(*letters: DeadLetter) -> Book:
    made = Book()
    for offset, letter in enumerate(letters):
        made.add(kept(letter, offset))
    return made


def test_a_letter_that_was_kept_twice_is_one() -> None:
    (entry,) = book(LETTER, LETTER).chosen(Selection())
    assert (entry.count, entry.copy, entry.size, entry.redriven) == (1, (0, 0), 15, 0)


def test_a_record_that_was_refused_again_is_counted() -> None:
    (entry,) = book(LETTER, at(LETTER, 90, 1), at(LETTER, 95, 2)).chosen(Selection())
    assert (entry.count, entry.redriven) == (3, 2)


def test_bytes_are_not_held() -> None:
    (entry,) = book(LETTER).chosen(Selection())
    assert (entry.letter.record.value, entry.letter.record.headers) == (b"", ())


def test_letters_are_chosen() -> None:
    other = replace(LETTER, rejected=Rejected("inconsistent", ""), at=2_000)
    third = replace(LETTER, symbol="ETHUSDC", at=3_000)
    redriven = at(replace(LETTER, open_time=0), 90, 1)
    made = book(LETTER, other, third, redriven)
    reasons = [entry.letter.rejected.reason for entry in made.chosen(Selection())]
    assert reasons == ["negative", "inconsistent", "negative", "negative"]
    assert len(made.chosen(Selection(reason="negative"))) == 3
    assert len(made.chosen(Selection(symbol="ETHUSDC"))) == 1
    assert len(made.chosen(Selection(again=False))) == 3
    assert len(made.chosen(Selection(origin=(TOPIC, 2, 90)))) == 1
    assert made.chosen(Selection(origin=(TOPIC, 2, 91))) == ()


def test_what_was_kept_without_its_bytes_says_so() -> None:
    made = Book()
    made.add(replace(without_bytes(LETTER), topic="market.majors.dead-letter", partition=0, offset=0))
    (entry,) = made.chosen(Selection())
    assert (entry.omitted, entry.size) == (True, 15)


def test_what_is_no_letter_is_counted_and_passed_over() -> None:
    made = Book()
    made.add(replace(kept(LETTER, 0), headers=()))
    assert (made.chosen(Selection()), made.unreadable) == ((), 1)


def test_a_record_that_is_published_again_says_how_often() -> None:
    assert again(LETTER) == (("lane", b"live"), (REDRIVEN, b"1"))
    assert again(at(LETTER, 90, 4)) == (("lane", b"live"), (REDRIVEN, b"5"))
    odd = replace(LETTER, record=replace(REFUSED, headers=((REDRIVEN, b"\xb2"),)))
    assert times(odd) == 0
