"""What the chart runs for a moment, beside the operator and with rights of its own.

    python -m cryptostream_operator.chart apply FILE
    python -m cryptostream_operator.chart check --operator URL [--stream NAME]

`apply` makes the resources of a file as it says: Helm cannot, because their kinds come with the same release. `check`
says whether the operator answers, and whether a stream of its namespace is Ready. Both try again until it is so.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import urllib3
import yaml
from kubernetes.client import ApiClient
from kubernetes.config import ConfigException

from cryptostream.core.result import Err, Ok, Result
from cryptostream_operator.effects.client import configuration, own_namespace
from cryptostream_operator.effects.kube import Kube
from cryptostream_operator.reconcile.values import Manifest, Ref, ref_of
from cryptostream_operator.render.meta import API_VERSION

MANAGER: Final = "cryptostream-chart"
PATIENCE: Final = 120.0
PAUSE: Final = 1.0
SECONDS: Final = 5.0
Trial = Callable[[], Result[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it is done or so, 1 when it is not within `--patience`, 2 for bad input."""
    given = _parser().parse_args(arguments)
    try:
        trials = list(_applied(given) if given.verb == "apply" else _checked(given))
    except (ConfigException, OSError, yaml.YAMLError) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - a program's own words
        return 2
    until = time.monotonic() + given.patience
    failed = [each for each in trials if not _is_so(each, until)]
    return 1 if failed else 0


def _is_so(trial: Trial, until: float) -> bool:
    """Whether it succeeds by then; what came of it is told."""
    while isinstance(told := trial(), Err) and time.monotonic() < until:
        time.sleep(PAUSE)
    if isinstance(told, Err):
        print(told.error, file=sys.stderr)  # noqa: T201 - a program's own words
        return False
    print(told.value)  # noqa: T201 - a program's own words
    return True


def _applied(given: argparse.Namespace) -> Iterable[Trial]:
    """One trial a document."""
    kube = _kube(given)

    def trial(manifest: Manifest) -> Trial:
        ref = ref_of(manifest)

        def applied() -> Result[str, str]:
            done = kube.apply(manifest)
            return Err(f"{ref}: {done.error.message}") if isinstance(done, Err) else Ok(f"{ref}: applied")

        return applied

    return [trial(each) for each in yaml.safe_load_all(given.file.read_text()) if each]


def _checked(given: argparse.Namespace) -> Iterable[Trial]:
    """The operator's pages, then the stream."""
    pages = [_page(given.operator, path) for path in ("/healthz", "/readyz")]
    return [*pages, _stream(_kube(given), given)] if given.stream else pages


def _page(operator: str, path: str) -> Trial:
    url = operator.rstrip("/") + path
    pool = urllib3.PoolManager(timeout=SECONDS, retries=False)

    def answers() -> Result[str, str]:
        try:
            status = pool.request("GET", url).status
        except urllib3.exceptions.HTTPError as fault:
            return Err(f"{url}: {fault}")
        return Ok(f"{url}: {status}") if status == 200 else Err(f"{url}: {status}")

    return answers


def _stream(kube: Kube, given: argparse.Namespace) -> Trial:
    ref = Ref(API_VERSION, "CryptoStream", given.namespace or own_namespace() or "default", given.stream)

    def ready() -> Result[str, str]:
        found = kube.get(ref)
        if isinstance(found, Err):
            return Err(f"{ref}: {found.error.message}")
        if found.value is None:
            return Err(f"{ref}: there is none")
        conditions = found.value.manifest.get("status", {}).get("conditions", [])
        told = next((each for each in conditions if each["type"] == "Ready"), {"status": "Unknown"})
        said = " ".join(filter(None, (f"{ref}: Ready={told['status']}", told.get("reason"), told.get("message"))))
        return Ok(said) if told["status"] == "True" else Err(said)

    return ready


def _kube(given: argparse.Namespace) -> Kube:
    return Kube(ApiClient(configuration(given.kubeconfig)), manager=MANAGER)


def _parser() -> argparse.ArgumentParser:
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--kubeconfig", type=Path, help="how to reach the API server; by default as the pod's account")
    every.add_argument("--patience", type=float, default=PATIENCE, help="seconds until it must be so")
    parser = argparse.ArgumentParser(prog="python -m cryptostream_operator.chart")
    verbs = parser.add_subparsers(dest="verb", required=True)
    apply = verbs.add_parser("apply", parents=[every], help="make the resources of a file")
    apply.add_argument("file", type=Path, help="YAML documents")
    check = verbs.add_parser("check", parents=[every], help="look whether all is well")
    check.add_argument("--operator", required=True, help="address of the operator's pages")
    check.add_argument("--stream", help="name of a CryptoStream")
    check.add_argument("--namespace", help="its namespace; by default that of the pod")
    return parser


if __name__ == "__main__":
    sys.exit(main())
