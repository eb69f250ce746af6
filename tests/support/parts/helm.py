"""Helm as a person uses it, against a cluster."""

import os
import subprocess
from pathlib import Path

from tests.support.parts.cache import built
from tests.support.parts.catalogue import HELM
from tests.support.parts.kubectl import RefusedError


class Helm:
    """As the user of `kubeconfig`. What it keeps for itself is in `folder`."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self._command = (built(HELM) / "helm", f"--kubeconfig={kubeconfig}")
        homes = {name: str(folder) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
        self._environment = os.environ | homes

    def __call__(self, *arguments: str | Path, patience: float = 120.0) -> str:
        """What it prints; raises `RefusedError`."""
        command = [*self._command, *arguments]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=patience
        )
        if done.returncode != 0:
            raise RefusedError(f"helm {' '.join(map(str, arguments))}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout
