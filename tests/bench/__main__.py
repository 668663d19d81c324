# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``PYTHONPATH=tests python -m bench [items|many|concurrent_writers ...]``: measure, and print one table."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".venv/collections"))

from simulator.launch import Simulator  # noqa: E402

from . import agent, blobs, concurrent_writers, first_task, inventory, items, many, waiting  # noqa: E402
from .lab import Lab, Row, table  # noqa: E402

PARTS = {
    "first_task": first_task.measure,
    "items": items.measure,
    "many": many.measure,
    "concurrent_writers": concurrent_writers.measure,
    "blobs": blobs.measure,
    "waiting": waiting.measure,
    "agent": agent.measure,
    "inventory": inventory.measure,
}


def main(wanted: list[str]) -> None:
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        sys.exit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    for name in [name for name in os.environ if name.startswith("RS_")]:
        del os.environ[name]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="drp-bench-") as folder, Simulator.start() as simulator:
        lab = Lab(simulator, Path(folder))
        for name in wanted or PARTS:
            print(f"measuring: {name} ...", flush=True)
            rows += PARTS[name](lab)
    print()
    print(table(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
