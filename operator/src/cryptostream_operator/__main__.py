"""`cryptostream-operator`: reads its configuration and runs until it is stopped."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kubernetes.config import ConfigException

from cryptostream.core.result import Err
from cryptostream_operator.effects import logs
from cryptostream_operator.effects.client import configuration
from cryptostream_operator.effects.settings import read
from cryptostream_operator.handlers.life import Operator


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the operator; 0 after a stop, 1 if it cannot go on, 2 for bad input."""
    given = _parser().parse_args(arguments)
    logs.begin(given.log_level)
    told = read(given.config)
    if isinstance(told, Err):
        return _refuse(told.error)
    try:
        api = configuration(given.kubeconfig)
    except (ConfigException, OSError) as fault:
        return _refuse(f"no way to the API server: {fault} (give --kubeconfig, or run it in a pod)")
    return Operator(told.value, api).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cryptostream-operator", description="Reconciles CryptoStreams and CandleStores."
    )
    parser.add_argument("--config", type=Path, help="YAML or JSON file; docs/operator.md lists its fields")
    parser.add_argument("--kubeconfig", type=Path, help="how to reach the API server; by default as the pod's account")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - a program's own words
    return 2


if __name__ == "__main__":
    sys.exit(main())
