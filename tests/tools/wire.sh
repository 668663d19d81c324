#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Replay recorded requests against a fresh simulator: wire.sh path/to/replay.py [SCENARIO ...]
set -euo pipefail
cd "$(dirname "$0")/../.."

replay=$1
shift
if ! [ -f "$replay" ]; then
    echo "wire: skipped: $replay is not here (name another with WIRE=)"
    exit 0
fi
if ! [ -f tests/simulator/__main__.py ]; then
    echo "wire: skipped: nothing yet (no tests/simulator/__main__.py)"
    exit 0
fi

python=.venv/bin/python
work=$(mktemp -d)
server=""
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

port=$($python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
PYTHONPATH=tests $python -m simulator --port "$port" >"$work/log" 2>&1 </dev/null &
server=$!

for _ in $(seq 150); do
    kill -0 "$server" 2>/dev/null || break
    $python -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null && ready=yes && break
    sleep 0.2
done
if [ -z "${ready:-}" ]; then
    echo "wire: the simulator did not start:" >&2
    tail -n 20 "$work/log" >&2
    exit 1
fi

env -u RS_KEY -u RS_TOKEN $python "$replay" "https://127.0.0.1:$port" "$@"
