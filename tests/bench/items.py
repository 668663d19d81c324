# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one item of a loop costs that finds its machine unchanged."""

from __future__ import annotations

import statistics
import typing as t

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.modules.drp_machine import SPEC, run

from .lab import Lab, Row, Task, machine, median

ITEMS = 100
MODULE_ITEMS = 10
REPEATS = 3
MOST = 10.0


def options(module: t.Mapping[str, t.Any], **given: t.Any) -> dict[str, t.Any]:
    """Options of a module as its validation hands them on."""
    defaults = {name: option.get("default") for name, option in module["argument_spec"].items()}
    return {**defaults, **given}


def loop(count: int, **more: t.Any) -> Task:
    wanted = machine(1)
    task = {
        "name": wanted["Name"],
        "description": wanted["Description"],
        "params": wanted["Params"],
        **more,
    }
    return {"digitalrebar.provision.drp_machine": task, "loop": list(range(count))}


def empty(count: int) -> Task:
    """The loop of Ansible itself, around an action that runs in the controller and does nothing."""
    return {"ansible.builtin.assert": {"that": [True], "quiet": True}, "loop": list(range(count))}


def measure(lab: Lab) -> list[Row]:
    raw = lab.fresh()
    made = raw("POST", "machines", json=machine(1)).json()
    path = f"machines/{made['Uuid']}"
    raw_ms = 1000 * median(lambda: raw("GET", path), 200)

    wanted = machine(1)
    spec = options(
        SPEC,
        **lab.connection,
        name=wanted["Name"],
        description=wanted["Description"],
        params=wanted["Params"],
    )
    runner.run(run, spec)
    lab.simulator.reset_stats()
    alone_ms = 1000 * median(lambda: _unchanged(runner.run(run, spec)), 200)
    alone_requests = lab.simulator.stats()["requests"] / 200

    here_ms, here_requests = _per_item(lab, ITEMS)
    there_ms, there_requests = _per_item(lab, MODULE_ITEMS, run_in="target")
    nothing_ms = 1000 * statistics.median(lab.play(*[empty(ITEMS)] * REPEATS)) / ITEMS
    return [
        Row("unchanged machine, runner alone", alone_ms, raw_ms, "ms", f"{alone_requests:.2f}"),
        Row(
            "loop item, in process",
            here_ms,
            raw_ms,
            "ms",
            f"{here_requests:.2f}",
            f"<= {MOST:g} ms, 1 request",
            here_ms <= MOST and here_requests <= 1.0 + 2 / ITEMS,
        ),
        Row("loop item, in process, less Ansible's own", here_ms - nothing_ms, raw_ms),
        Row("loop item, as a module", there_ms, raw_ms, "ms", f"{there_requests:.2f}"),
        Row("loop item of Ansible that does nothing", nothing_ms),
    ]


def _per_item(lab: Lab, count: int, **more: t.Any) -> tuple[float, float]:
    """Milliseconds and requests of one item; the whole task, its own start included, over its items."""
    lab.play(loop(1))  # logs in, so that the tasks below find a token
    lab.simulator.reset_stats()
    seconds = lab.play(*[loop(count, **more)] * REPEATS)
    requests = lab.simulator.stats()["requests"] / (REPEATS * count)
    return 1000 * statistics.median(seconds) / count, requests


def _unchanged(result: dict[str, t.Any]) -> None:
    if result.get("failed") or result["changed"]:
        raise RuntimeError(f"not unchanged: {result}")
