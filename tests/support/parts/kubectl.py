"""`kubectl` of the same version as the cluster, as a person uses it."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.support.parts.cache import built
from tests.support.parts.catalogue import KUBERNETES

Manifest = dict[str, Any]


class RefusedError(Exception):
    """kubectl did not do what it was told; the message is what it said."""


class Kubectl:
    """As the user of `kubeconfig`. Its own caches are in `folder`."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self._command = (built(KUBERNETES) / "kubectl", f"--kubeconfig={kubeconfig}", f"--cache-dir={folder}")

    def __call__(self, *arguments: str, given: str | None = None, patience: float = 60.0) -> str:
        """What it prints; raises `RefusedError`. `given` is its input."""
        command: list[str | Path] = [*self._command, f"--request-timeout={patience:g}", *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=patience + 30)
        if done.returncode != 0:
            raise RefusedError(f"kubectl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def apply(self, *manifests: Manifest) -> None:
        """Server-side, as one list."""
        document = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self("apply", "--server-side", "--force-conflicts", "--filename=-", given=json.dumps(document))

    def get(self, *arguments: str) -> Manifest:
        """An object, or a list of them in `items`."""
        found: Manifest = json.loads(self("get", *arguments, "--output=json"))
        return found

    def wait(self, condition: str, *arguments: str, patience: float = 60.0) -> None:
        """Until `condition` holds, as `--for` has it; raises `RefusedError` if that takes longer.

        What is not there yet, or says nothing of itself yet, is waited for, too: kubectl alone would give up.
        """
        until = time.monotonic() + patience
        while True:
            left = max(1.0, until - time.monotonic())
            try:
                self("wait", f"--for={condition}", f"--timeout={left:g}s", *arguments, patience=left)
            except RefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return
