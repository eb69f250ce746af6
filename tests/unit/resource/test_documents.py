from itertools import pairwise
from pathlib import Path

import pytest

from cryptostream.core.resource.fields import Faults
from cryptostream.core.resource.store_spec import StoreSpec
from cryptostream.core.result import Err, Ok
from cryptostream.local.documents import read_documents, read_resources, read_stream
from tests.support.resources import NOW, SAMPLES

STREAM = """
apiVersion: cryptostream.io/v1alpha1
kind: CryptoStream
metadata: {name: sample}
spec: {coins: [BTC], intervals: [1m]}
"""
STORE = """
apiVersion: cryptostream.io/v1alpha1
kind: CandleStore
metadata: {name: default}
spec: {managed: {}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "resource.yaml"


def faults(result: object) -> Faults:
    assert isinstance(result, Err)
    found: Faults = result.error
    return found


def test_a_stream_is_read_with_its_canonical_text(file: Path) -> None:
    file.write_text(STREAM)
    read = read_stream(file)
    assert isinstance(read, Ok)
    spec, text = read.value
    assert spec.stream == "default.sample"
    again = read_stream(_written(file, text))
    assert again == read


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_stores_beside_the_stream_are_passed_over(file: Path) -> None:
    file.write_text(f"{STORE}---{STREAM}---\n")
    assert isinstance(read_stream(file), Ok)


@pytest.mark.parametrize(("content", "number"), [(STORE, 0), (f"{STREAM}---{STREAM}", 2)])
def test_one_stream_is_run_at_a_time(file: Path, content: str, number: int) -> None:
    file.write_text(content)
    (fault,) = faults(read_stream(file))
    assert fault.message == f"must hold one CryptoStream, not {number}"


def test_a_start_in_the_future_is_refused_by_the_clock(file: Path) -> None:
    file.write_text(STREAM.replace("[1m]", '[1m], source: {history: {startTime: "2999-01-01T00:00:00Z"}}'))
    assert [fault.path for fault in faults(read_stream(file))] == ["spec.source.history.startTime"]


def test_all_resources_of_a_file_are_read() -> None:
    read = read_resources(SAMPLES / "cluster.yaml", NOW)
    assert isinstance(read, Ok)
    assert [isinstance(spec, StoreSpec) for spec in read.value] == [True, False]


def test_of_several_resources_the_faulty_one_is_named(file: Path) -> None:
    file.write_text(f"{STORE}---{STREAM.replace('1m', '7m')}")
    assert [fault.path for fault in faults(read_resources(file, NOW))] == ["document 2: spec.intervals[0]"]


def test_of_one_resource_paths_are_those_of_its_fields(file: Path) -> None:
    file.write_text(STREAM.replace("1m", "7m"))
    assert [fault.path for fault in faults(read_resources(file, NOW))] == ["spec.intervals[0]"]


def test_a_stream_is_held_against_the_store_beside_it(file: Path) -> None:
    short = STORE.replace("managed: {}", "managed: {}, buckets: {raw: {retentionSeconds: 3600}}")
    file.write_text(f"{short}---{STREAM}")
    assert [fault.path for fault in faults(read_resources(file, NOW))] == ["document 2: spec.storeRef.name"]
    file.write_text(f"{short.replace('default', 'another')}---{STREAM}")
    assert isinstance(read_resources(file, NOW), Ok)


def test_times_stay_text_as_in_kubernetes(file: Path) -> None:
    file.write_text("at: 2026-01-01T00:00:00Z\non: 2026-01-01")
    assert read_documents(file) == Ok(({"at": "2026-01-01T00:00:00Z", True: "2026-01-01"},))


EVER_MORE = b"- &a [1]\n" + b"".join(
    b"- &%c [%s]\n" % (after, b", ".join([b"*%c" % before] * 10)) for before, after in pairwise(b"abcdef")
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "must hold a resource: it is empty", id="empty"),
        pytest.param(b"---\n---\n", "must hold a resource: it is empty", id="marks alone"),
        pytest.param(b"spec: [", "must be YAML: line 1", id="left open"),
        pytest.param(b"a: 1\nb: 2\na: 3", "must be YAML: line 3, column 1: 'a' is given twice", id="key twice"),
        pytest.param(b"a: !!python/object/apply:os.getcwd []", "must be YAML: line 1", id="program"),
        pytest.param(b"? [1]\n: 2", "must be YAML: line 1", id="list as key"),
        pytest.param(b"a: \xff", "must be YAML", id="bytes"),
        pytest.param(b"a: " + b"9" * 5000, "must be YAML", id="huge number"),
        pytest.param(b"[" * 5000 + b"]" * 5000, "must be YAML", id="deep"),
        pytest.param(b"&a [*a]", "must have fewer than 100000 values", id="holds itself"),
        pytest.param(EVER_MORE, "must have fewer than 100000 values", id="ever more"),
        pytest.param(b" " * (1024 * 1024 + 1), "must be at most 1048576 bytes", id="large"),
    ],
)
def test_what_is_no_resource_gets_one_message(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    (fault,) = faults(read_documents(file))
    assert fault.path == str(file)
    assert fault.message.startswith(message)
    assert "\n" not in str(fault)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (fault,) = faults(read_documents(tmp_path / "nowhere.yaml"))
    assert "No such file" in fault.message
    (fault,) = faults(read_documents(tmp_path))
    assert "must be a file" in fault.message


def test_anchors_may_be_used(file: Path) -> None:
    indicators = """
  indicators:
    - {name: a, function: SMA, params: &same {timeperiod: 5}}
    - {name: b, function: EMA, params: {<<: *same, input: open}}"""
    file.write_text(
        STREAM.replace("spec: {coins: [BTC], intervals: [1m]}", f"spec:\n  coins: [BTC]\n  intervals: [1m]{indicators}")
    )
    read = read_stream(file)
    assert isinstance(read, Ok)
    assert read.value[0].indicators[1].params == (("timeperiod", 5), ("input", "open"))
