"""What the chart runs for a moment: it applies store and sample, and `helm test` looks whether all is well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cryptostream_operator.chart import main
from cryptostream_operator.effects.http_pages import HttpPages
from tests.cluster.chart.rendering import Manifest, account_kubeconfig, install, manifests
from tests.support.parts.kubernetes import ApiServer
from tests.support.write_chart import NAMESPACE

SETTINGS = ("store.create=true", "sample.enabled=true", "simulator.enabled=true")
GROUP = f"/apis/cryptostream.io/v1alpha1/namespaces/{NAMESPACE}"
SAMPLE, STORE = f"{GROUP}/cryptostreams/sample", f"{GROUP}/candlestores/default"


@pytest.fixture(scope="module")
def made(chart_api: ApiServer) -> Iterator[list[Manifest]]:
    """What the chart makes but for pods, on the API server."""
    made = [each for each in manifests(*SETTINGS) if each["kind"] not in {"Deployment", "Job", "Pod"}]
    install(chart_api, made)
    yield made
    for path in (SAMPLE, STORE):
        chart_api.ask("DELETE", path)


@pytest.fixture
def file(made: list[Manifest], tmp_path: Path) -> Path:
    (documents,) = (each["data"] for each in made if "resources.yaml" in each.get("data", {}))
    (tmp_path / "resources.yaml").write_text(documents["resources.yaml"])
    return tmp_path / "resources.yaml"


@pytest.fixture
def operator() -> Iterator[tuple[dict[str, int], str]]:
    """Pages whose HTTP status can be changed, and their address."""
    answers = {"/healthz": 200, "/readyz": 200}
    pages = {path: lambda path=path: (answers[path], b"") for path in answers}
    with HttpPages("127.0.0.1", 0, pages) as served:
        yield answers, f"http://127.0.0.1:{served.port}"


def test_store_and_sample_are_applied_with_the_rights_for_it(chart_api: ApiServer, file: Path, tmp_path: Path) -> None:
    kubeconfig = account_kubeconfig(chart_api, "cryptostream-resources", tmp_path)
    command = ["apply", str(file), f"--kubeconfig={kubeconfig}", "--patience=20"]
    assert main(command) == 0
    first = chart_api.ask("GET", SAMPLE).json()
    assert first["spec"]["storeRef"] == {"name": "default"}
    assert [each["manager"] for each in first["metadata"]["managedFields"]] == ["cryptostream-chart"]
    assert main(command) == 0
    assert chart_api.ask("GET", SAMPLE).json()["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in (("GET", SAMPLE), ("DELETE", STORE), ("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets")):
        assert chart_api.ask(method, path, headers=headers).status_code == 403


def test_what_is_refused_is_told(chart_api: ApiServer, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(file.read_text().replace("- 1m", "- 7m"))
    assert main(["apply", str(file), f"--kubeconfig={chart_api.kubeconfig()}", "--patience=0"]) == 1
    told = capsys.readouterr()
    assert "CandleStore cryptostream-system/default: applied" in told.out
    assert 'Unsupported value: "7m"' in told.err


def test_an_operator_that_is_unwell_is_told(
    operator: tuple[dict[str, int], str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers, address = operator
    answers["/healthz"] = 503
    assert main(["check", f"--operator={address}", "--patience=0"]) == 1
    assert f"{address}/healthz: 503" in capsys.readouterr().err
    answers["/healthz"] = 200
    assert main(["check", f"--operator={address}", "--patience=0"]) == 0
    assert main(["check", "--operator=http://127.0.0.1:1", "--patience=0"]) == 1


def test_a_sample_that_is_not_ready_is_told(
    chart_api: ApiServer, file: Path, operator: tuple[dict[str, int], str], capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = f"--kubeconfig={chart_api.kubeconfig()}"
    assert main(["apply", str(file), kubeconfig, "--patience=20"]) == 0
    check = ["check", f"--operator={operator[1]}", f"--namespace={NAMESPACE}", kubeconfig, "--patience=0"]
    assert main([*check, "--stream=another"]) == 1
    assert "another: there is none" in capsys.readouterr().err
    assert main([*check, "--stream=sample"]) == 1
    assert "sample: Ready=Unknown" in capsys.readouterr().err
    for status, code in (("False", 1), ("True", 0)):
        ready = {"type": "Ready", "status": status, "reason": "Because", "message": "it is so"}
        told = {"status": {"conditions": [ready | {"lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
        headers = {"Content-Type": "application/merge-patch+json"}
        assert chart_api.ask("PATCH", f"{SAMPLE}/status", json=told, headers=headers).ok
        assert main([*check, "--stream=sample"]) == code
        said = capsys.readouterr()
        assert f"sample: Ready={status} Because it is so" in said.out + said.err
