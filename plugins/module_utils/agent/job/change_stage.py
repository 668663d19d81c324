# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which stage comes next for a machine without a workflow: the param ``change-stage/map``."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ...client.client import Client
from ...client.errors import DrpError
from ...client.objects import params

PARAM = "change-stage/map"
INSTALL = "-install"
AFTER_INSTALL = "local"


class Target(enum.Enum):
    """What is to be done once the stage is set; NONE leaves it to the boot environments."""

    NONE = ""
    REBOOT = "Reboot"
    STOP = "Stop"
    SHUTDOWN = "Shutdown"


@dataclasses.dataclass(frozen=True)
class Step:
    stage: str
    target: Target = Target.NONE


class BadMap(Exception):
    """The map is not one of texts to texts."""


def next_step(client: Client, machine: t.Mapping[str, t.Any]) -> Step | None:
    """The stage to go to, or None to stay.  A map that cannot be read counts as empty; raises BadMap."""
    try:
        told = params.get(client, "machines", str(machine["Uuid"]), PARAM, aggregate=True)
    except DrpError:
        told = None
    step = choose(told, str(machine.get("Stage") or ""), str(machine.get("BootEnv") or ""))
    return None if step.stage == machine.get("Stage") else step


def choose(told: t.Any, stage: str, bootenv: str) -> Step:
    """The entry for ``stage``, or without one what ends an installation (by the name of ``bootenv``)."""
    entries = {} if told is None else told
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise BadMap(f"the param {PARAM} must be a map of texts to texts")
    entry = entries.get(stage) or ""
    if not entry:
        return Step(AFTER_INSTALL if bootenv.endswith(INSTALL) else stage)
    name, _colon, word = entry.partition(":")
    return Step(name or stage, _target(word))


def _target(word: str) -> Target:
    """Unknown words say nothing; Poweroff is what some descriptions call Shutdown."""
    if word == "Poweroff":
        return Target.SHUTDOWN
    return next((target for target in Target if target.value == word), Target.NONE)
