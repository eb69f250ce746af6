"""How a managed InfluxDB is started: first only to recover, then to serve. Pure.

After a start InfluxDB 2.7 appends to its last write-ahead log at the place where that ended before a torn entry (a kill
or a full disk leaves one) was cut off. What it acknowledges then lies behind a hole, and the next start cuts that off,
too. A start that writes nothing and ends by emptying the log leaves none of this. It goes on if that fails: a disk that
is still full must not keep what is stored from being read.
"""

from collections.abc import Sequence
from typing import Final

PORT: Final = 18086
_SCRIPT: Final = """
port=$1; shift
"$@" --http-bind-address=127.0.0.1:"$port" --no-tasks --storage-wal-flush-on-shutdown &
recovering=$!
trap 'kill "$recovering"; wait "$recovering"; exit 143' TERM INT
until (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; do
  kill -0 "$recovering" 2>/dev/null || break
  sleep 0.2
done
kill "$recovering" 2>/dev/null
wait "$recovering"
trap - TERM INT
exec "$@"
""".strip()


def recovered(command: Sequence[str], port: int = PORT) -> list[str]:
    """The `command` that runs `influxd` after a start that only recovers; needs bash, and a `port` of its own."""
    return ["bash", "-c", _SCRIPT, "influxdb", str(port), *command]
