"""What kubeconform, kube-score and checkov find in files of manifests."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.parts.cache import built
from tests.support.parts.catalogue import CHECKOV, KUBERNETES, LINTERS

Finding = tuple[str, str]
"""`tool/check` and `Kind/name`."""
ALL_OK = 10
EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")


def invalid(files: Sequence[Path], schemas: str) -> list[str]:
    """What kubeconform says of resources that are not as `schemas` have them, or are of no kind there."""
    command = [str(built(LINTERS) / "kubeconform"), "-strict", "-summary", "-output=json"]
    command.append(f"-schema-location={schemas}")
    told = json.loads(_run([*command, *map(str, files)]))
    assert told["summary"]["valid"] + told["summary"]["invalid"] > 0, told
    return [f"{each['filename']}: {each['kind']}/{each['name']}: {each['msg']}" for each in told["resources"]]


def scored(file: Path) -> Iterator[Finding]:
    """What kube-score warns of."""
    version = ".".join(KUBERNETES.version.split(".")[:2])
    command = [str(built(LINTERS) / "kube-score"), "score", "--output-format=json", f"--kubernetes-version=v{version}"]
    for each in json.loads(_run([*command, str(file)])):
        name = f"{each['type_meta']['kind']}/{each['object_meta']['name']}"
        for check in each["checks"]:
            if not check["skipped"] and check["grade"] < ALL_OK:
                yield f"kube-score/{check['check']['id']}", name


def checked(files: Sequence[Path]) -> Iterator[Finding]:
    """What checkov finds. It is told nothing of other places and downloads nothing."""
    python = built(CHECKOV) / "environment" / "bin" / "python"
    command = [str(python), "-m", "checkov.main", "--framework=kubernetes", "--skip-download", "--output=json"]
    told: dict[str, Any] = json.loads(_run([*command, "--file", *map(str, files)]))
    assert told["summary"]["passed"] > 0, told
    assert not told["results"]["parsing_errors"]
    for each in told["results"]["failed_checks"]:
        kind, _, name = each["resource"].split(".", 2)
        yield f"checkov/{each['check_id']}", f"{kind}/{name}"


def excepted() -> set[Finding]:
    """Findings that have a written reason."""
    told = yaml.safe_load(EXCEPTIONS.read_text())
    assert all(each["reason"].endswith(".") for each in told)
    return {(check, name) for each in told for check in each["checks"] for name in each["resources"]}


def _run(command: Sequence[str]) -> str:
    """Exit codes tell of findings only; what is no finding is no JSON."""
    quiet = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout, done.stderr
    return done.stdout
