"""docs/metrics.md is in step with the code, and names follow Prometheus' conventions."""

from cryptostream_operator.effects.metrics import CATALOGUE as OF_OPERATOR
from cryptostream_operator.effects.metrics import Metrics as OperatorMetrics
from tests.support.metric_series import differences
from tests.support.write_metrics_reference import PAGE, of_streams, page


def test_the_page_of_metrics_is_in_step_with_the_code() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.support.write_metrics_reference`"


def test_no_metric_is_described_twice() -> None:
    names = [each.exposed for each in (*of_streams(), *OF_OPERATOR)]
    assert len(names) == len(set(names))


def test_the_operator_exports_what_its_catalogue_names() -> None:
    assert differences(OperatorMetrics().text().decode(), OF_OPERATOR) == []
