"""What developers start on a cluster of their own, as far as it can be had here: settings and skaffold's schema."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.chart.linters import invalid
from tests.cluster.chart.rendering import STRIMZI
from tests.support.data import ROOT
from tests.support.parts.cache import built
from tests.support.parts.catalogue import LINTERS
from tests.support.write_chart import CHART, helm

SKAFFOLD = ROOT / "skaffold.yaml"
KIND = ROOT / "manifests/kind/values.yaml"


@pytest.mark.parametrize(("was", "becomes", "good"), [("", "", True), ("chartPath", "chart", False)])
def test_skaffold_is_as_its_schema_has_it(tmp_path: Path, was: str, becomes: str, good: bool) -> None:
    """`skaffold.yaml` … checked as far as schemas and dry runs go"""
    schema = built(LINTERS) / "{{ .Group }}-{{ .ResourceAPIVersion }}-{{ .ResourceKind }}.json"
    file = tmp_path / "skaffold.yaml"
    file.write_text(SKAFFOLD.read_text().replace(was, becomes) if was else SKAFFOLD.read_text())
    assert (not invalid([file], str(schema))) == good


def test_kind_and_skaffold_say_what_the_chart_knows() -> None:
    """Paths exist, settings are taken, and the Service that is forwarded is made."""
    (release,) = yaml.safe_load(SKAFFOLD.read_text())["deploy"]["helm"]["releases"]
    assert (ROOT / release["chartPath"], [ROOT / each for each in release["valuesFiles"]]) == (CHART, [KIND])
    images = [f"--set={name}=cryptostream/some" for name in release["setValueTemplates"] if name != "image.tag"]
    command = ("template", "cryptostream", str(CHART), f"--values={KIND}", f"--api-versions={STRIMZI}", *images)
    made = [each for each in yaml.safe_load_all(helm(*command, "--set=image.tag=dev").stdout) if each]
    assert ("Service", "cryptostream-operator") in {(each["kind"], each["metadata"]["name"]) for each in made}
    pods = [each["spec"]["template"]["spec"] for each in made if each["kind"] == "Deployment"]
    policies = {container["imagePullPolicy"] for pod in pods for container in pod["containers"]}
    assert policies == {"IfNotPresent"}
