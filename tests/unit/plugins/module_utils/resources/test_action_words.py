# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which words a command is taken for one that destroys, or for one that only looks."""

from __future__ import annotations

import types

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.task import Task
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.action import ActionCall


def order(command: str) -> ActionCall:
    client = types.SimpleNamespace(require_kind=lambda kind: types.SimpleNamespace(prefix=kind))
    options = {"kind": "machines", "command": command, "include_locked": False}
    return ActionCall(Task(options, False, client, lambda text: None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command",
    [
        "poweroff", "powercycle", "PowerCycle", "reset", "reboot", "restart", "shutdown", "powersuspend",
        "erase-disks",
        "wipe", "secureErase", "raid-clear", "deleteVolume", "flash", "reimage", "factoryReset",
    ],
)  # fmt: skip
def test_commands_that_destroy(command: str) -> None:
    assert order(command).destroys
    assert not order(command).is_read_only


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("poweron", False), ("nextbootpxe", False), ("nextbootdisk", False), ("identify", False),
        ("increment", False), ("range-scan", False), ("powerstatus", True), ("status", True),
        ("statusx", True),
        ("getInfo", True), ("getBoot", True), ("get-secure-boot", True), ("list", True), ("getaway", False),
        ("getResetState", True), ("incrstatus", True),
    ],
)  # fmt: skip
def test_commands_that_do_not(command: str, looks: bool) -> None:
    assert not order(command).destroys
    assert order(command).is_read_only == looks


@pytest.mark.parametrize("command", ["", "a/b"])
def test_what_is_no_command(command: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an action"):
        order(command)
