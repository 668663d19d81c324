# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fifty writers on one machine at the same time."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome, converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine

from .lab import Lab, Row, clock

WRITERS = 50
Wanted = Callable[[int], Machine]


def measure(lab: Lab) -> list[Row]:
    return [
        _row(lab, "each adds a param", "Params", lambda number: _machine(Params={f"p{number}": number})),
        _row(
            lab, "each appends a profile", "Profiles", lambda number: _machine(True, Profiles=[f"p{number}"])
        ),
    ]


def _machine(append: bool = False, **spec: t.Any) -> Machine:
    return Machine("machines", {"Name": "busy", **spec}, append_profiles=append)


def _row(lab: Lab, what: str, member: str, wanted: Wanted) -> Row:
    raw = lab.fresh()
    for number in range(WRITERS):
        raw("POST", "profiles", json={"Name": f"p{number}"})
    raw("POST", "machines", json={"Name": "busy"})
    outcomes: list[Outcome | DrpError] = []
    ready, start = threading.Barrier(WRITERS + 1), threading.Barrier(WRITERS + 1)

    def one(number: int) -> None:
        with settings.connect(settings.resolve(lab.connection, {})) as client:
            client.find("machines", "Name:nobody")
            ready.wait(60)
            start.wait(60)
            try:
                outcomes.append(converge(client, wanted(number)))
            except DrpError as error:
                outcomes.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()

    def work() -> None:
        for thread in threads:
            thread.join(120)

    ready.wait(60)
    lab.simulator.reset_stats()
    start.wait(60)
    seconds = clock(work)
    requests = lab.simulator.stats()["requests"]
    told = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    conflicts = [outcome.conflicts for outcome in told]
    lost = WRITERS - len({str(name) for name in raw("GET", "machines/Name:busy").json()[member]})
    once = sum(outcome.changed for outcome in told)
    print(
        f"  {WRITERS} writers, {what}: {once} told changed, {lost} updates lost, "
        f"{WRITERS - len(told)} failed, {sum(conflicts)} conflicts "
        f"(most for one: {max(conflicts, default=0)})",
        flush=True,
    )
    return Row(
        f"{WRITERS} writers, {what}",
        seconds,
        None,
        "s",
        f"{requests} ({sum(conflicts)} conflicts)",
        "0 lost",
        lost == 0 and once == WRITERS,
    )
