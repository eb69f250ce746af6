from collections import Counter
from pathlib import Path

import pytest

from cryptostream.core.resource.parse import parse_resource
from cryptostream.core.result import Ok
from tests.support.resources import NOW, BadResource, bad_resources, documents, faults_of, good_files


@pytest.mark.parametrize("bad", bad_resources(), ids=str)
def test_each_fault_has_one_message_with_path_and_remedy(bad: BadResource) -> None:
    """ "Bad input (unknown coin, interval, function, parameter, a float where a decimal string is due, two indicators
    of one name, a retention shorter than the history: a corpus of 60 that the operator will share) gets one message
    per fault, with field path and remedy, exit 2, and nothing started."
    """
    (document,) = documents(bad.file)
    faults = faults_of(document)
    assert Counter(fault.path for fault in faults) == Counter(each.path for each in bad.faults)
    for each in bad.faults:
        (fault,) = (fault for fault in faults if fault.path == each.path)
        assert each.fragment in fault.message
        assert fault.remedy
        assert "\n" not in str(fault)


def test_the_corpus_is_large_and_says_who_can_see_each_fault() -> None:
    bad = bad_resources()
    assert len(bad) >= 60
    assert all(each.faults for each in bad)
    assert {fault.seen_by for each in bad for fault in each.faults} == {"schema", "parser"}


@pytest.mark.parametrize("file", good_files(), ids=lambda file: file.stem)
def test_what_is_right_has_no_faults(file: Path) -> None:
    for document in documents(file):
        assert isinstance(parse_resource(document, NOW), Ok)


def test_the_sample_of_make_run_is_four_coins_and_five_intervals() -> None:
    (majors,) = (documents(file) for file in good_files() if file.stem == "majors")
    parsed = parse_resource(majors[0])
    assert isinstance(parsed, Ok)
    assert not hasattr(parsed.value, "instance")
    assert [symbol.name for symbol in parsed.value.symbols] == ["BTCUSDC", "ETHUSDC", "XRPUSDC", "SOLUSDC"]
    assert parsed.value.intervals == ("1s", "1m", "15m", "1h", "1d")
    assert [each.name for each in parsed.value.indicators] == ["sma20", "ema20", "rsi14", "macd", "bb", "atr14"]
