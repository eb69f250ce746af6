"""What a run of the matrix writes down."""

from pathlib import Path

from tests.chaos.catching_up import CaughtUp
from tests.chaos.recovery import Struck
from tests.chaos.repairs import Arrived, repairs
from tests.chaos.report import BEGIN, END, Seen, objectives, table, written
from tests.judge.findings import Findings
from tests.judge.stream import Series

KILLED = Struck("producer killed", 1, 10.0, 10.0, frozenset({"publish"}))
STOPPED = Struck("consumer stopped", 1, 10.0, 12.0, frozenset({"store"}))
BTC = Series("BTCUSDC", "1s")
SEEN = Seen(
    [KILLED, STOPPED],
    {BTC: [(9.0, 1), (14.0, 3), (15.0, 4)]},
    [(9.0, {BTC: 1}), (13.0, {BTC: 1}), (16.0, {BTC: 3})],
    [0.5],
)


def test_each_fault_has_its_row() -> None:
    rows = list(table(SEEN))
    assert rows[2:] == ["| consumer stopped | 1 | - | 2.0 / 2.0 |", "| producer killed | 1 | 4.0 / 4.0 | - |"]


def test_each_promise_has_its_row() -> None:
    caught = CaughtUp(20_000.0, 0.9, 0.8, {}, Findings())
    rows = "\n".join(objectives(SEEN, [11.0, 19.5], caught))
    for told in ("at most 19.5 s", "0.90 of 20,000 /s", "0.80 of", "p50 4.0 s", "never came to it", "p99 0.5 s"):
        assert told in rows


def test_the_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    written(page, ["new"])
    written(page, ["newer"])
    assert page.read_text() == f"above\n{BEGIN}\n\nnewer\n\n{END}\nbelow\n"


def test_repairs_are_counted_from_reconnection() -> None:
    cut = Struck("WebSockets cut", 1, 5.0, 5.0, frozenset({"publish"}))
    series = [
        Arrived(4.0, 4.1, "websocket"),
        Arrived(6.0, 8.0, "rest"),
        Arrived(7.0, 9.5, "rest"),
        Arrived(8.0, 8.5, "websocket"),
    ]
    assert repairs([cut], [series]) == [0.0, 1.0]
    disturbed = Struck("REST 429", 1, 5.0, 9.0, frozenset())
    assert repairs([cut, disturbed], [series]) == []
