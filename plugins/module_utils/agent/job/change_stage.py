# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which stage comes next for a machine without a workflow: the param ``change-stage/map``."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ...client.client import Client
from ...client.errors import DrpError
from ..served import Served

PARAM = "change-stage/map"
INSTALL_SUFFIX = "-install"
STAGE_AFTER_INSTALL = "local"


class PowerAction(enum.Enum):
    """What is to be done once the stage is set; NONE leaves it to the boot environments."""

    NONE = ""
    REBOOT = "Reboot"
    STOP = "Stop"
    SHUTDOWN = "Shutdown"


@dataclasses.dataclass(frozen=True)
class StageChange:
    stage: str
    action: PowerAction = PowerAction.NONE


class InvalidStageMap(Exception):
    """The map is not one of texts to texts."""


def next_stage(client: Client, served: Served, machine: t.Mapping[str, t.Any]) -> StageChange | None:
    """The stage to go to, or None to stay.  An unreadable map counts as empty; raises InvalidStageMap."""
    try:
        stage_map = served.param(client, PARAM)
    except DrpError:
        stage_map = None
    change = choose_stage(stage_map, str(machine.get("Stage") or ""), str(machine.get("BootEnv") or ""))
    return None if change.stage == machine.get("Stage") else change


def choose_stage(stage_map: t.Any, stage: str, bootenv: str) -> StageChange:
    """The entry for ``stage``, or without one what ends an installation (by the name of ``bootenv``)."""
    entries = {} if stage_map is None else stage_map
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise InvalidStageMap(f"the param {PARAM} must be a map of strings to strings")
    entry = entries.get(stage) or ""
    if not entry:
        return StageChange(STAGE_AFTER_INSTALL if bootenv.endswith(INSTALL_SUFFIX) else stage)
    name, _colon, word = entry.partition(":")
    return StageChange(name or stage, _power_action(word))


def _power_action(word: str) -> PowerAction:
    """Unknown words say nothing; Poweroff is what some descriptions call Shutdown."""
    if word == "Poweroff":
        return PowerAction.SHUTDOWN
    return next((target for target in PowerAction if target.value == word), PowerAction.NONE)
