"""Static checks of all that is installed: strict schemas, kube-score, checkov. exceptions.yaml says what may stay."""

from functools import partial
from pathlib import Path

import pytest

from tests.cluster.chart.linters import checked, excepted, invalid, scored
from tests.cluster.chart.rendering import VALUES, rendered
from tests.cluster.chart.schemas import write_schemas
from tests.support.data import ROOT
from tests.support.parts.kubernetes import ApiServer
from tests.support.parts.process import wait_for
from tests.support.write_chart import PLAIN

SAMPLES = sorted(ROOT.glob("manifests/samples/*.yaml"))


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The chart by each set of values."""
    folder = tmp_path_factory.mktemp("rendered")
    for name, settings in VALUES.items():
        (folder / f"{name}.yaml").write_text(rendered(*settings))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def schemas(chart_api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of every kind that the API server serves, the neighbours' and ours among them."""
    group = "/openapi/v3/apis/cryptostream.io/v1alpha1"
    wait_for(partial(_told, chart_api, group), "the API server tells of our kinds")
    return write_schemas(chart_api, tmp_path_factory.mktemp("schemas"))


def test_strict_schemas(charts: list[Path], schemas: str) -> None:
    """kubeconform (strict, schemas generated from the real API server and Strimzi's CRDs) … no finding"""
    assert not invalid([*charts, PLAIN, *SAMPLES], schemas)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("  replicas: 1", "  replica: 1"), ("coins: [BTC]", "coin: [BTC]"), ("kind: CryptoStream", "kind: CryptoFlow")],
)
def test_strict_schemas_find_what_is_wrong(tmp_path: Path, schemas: str, was: str, becomes: str) -> None:
    """So that the test above proves something."""
    (minimal,) = (file for file in SAMPLES if file.stem == "minimal")
    text = PLAIN.read_text() + "---\n" + minimal.read_text()
    assert was in text
    (tmp_path / "wrong.yaml").write_text(text.replace(was, becomes))
    assert invalid([tmp_path / "wrong.yaml"], schemas)


def test_no_finding_without_a_written_exception(charts: list[Path]) -> None:
    """kube-score, checkov … no finding without a written exception; and no exception that is not needed."""
    files = [*charts, PLAIN]
    found = {finding for file in files for finding in scored(file)} | {*checked([*files, *SAMPLES])}
    assert found == excepted(), sorted(found ^ excepted())


def _told(api: ApiServer, group: str) -> bool:
    schemas = api.ask("GET", group).json().get("components", {}).get("schemas", {})
    return {"CryptoStream", "CandleStore"} <= {name.rpartition(".")[2] for name in schemas}
