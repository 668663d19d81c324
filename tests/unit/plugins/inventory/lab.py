# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the inventory share: machines, a client that answers from lists, and ways to look."""

from __future__ import annotations

import copy
import itertools
import typing as t

from ansible.inventory.data import InventoryData

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors, filters
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.settings import Settings
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.machine_fields import Machine

NAME = "digitalrebar.provision.drp"
KEY = "rocketskates:r0cketsk8ts"
SEALED = {"Key": "a2V5", "Nonce": "bm9uY2U=", "Payload": "cGF5bG9hZA=="}

Object = dict[str, t.Any]


def machine(name: str, **members: t.Any) -> Object:
    """A machine as a v3.12 server sends it."""
    return {
        "Name": name,
        "Uuid": f"uuid-of-{name}",
        "Address": "",
        "Available": True,
        "Arch": "amd64",
        "BootEnv": "local",
        "Meta": {},
        "OS": "",
        "Stage": "none",
        "Runnable": True,
        "Workflow": "",
        "Profiles": [],
        "Params": {},
        "Profile": {"Name": "", "Params": {"old": "double"}},
        "Secret": "machine-secret",
        **members,
    }


def inventory_machine(name: str, **members: t.Any) -> Machine:
    """The same machine as the parts of the inventory hand it on."""
    item = machine(name, **members)
    params = item.pop("Params")
    del item["Secret"], item["Profile"]
    return Machine(item, params, name)


class FakeClient:
    """Answers lists from ``objects``, and notes how it was made and asked."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Object]] = {}
        self.features: set[str] = set()
        self.indexes: set[str] | None = None
        """What can be filtered by; None is everything.  Nothing is really filtered."""
        self.error: errors.DrpError | None = None
        self.settings: Settings | None = None
        self.asked: list[tuple[t.Any, ...]] = []
        self.warnings: list[str] = []

    @property
    def secrets(self) -> set[str]:
        return self.settings.secrets if self.settings else set()

    def connect(self, settings: Settings) -> FakeClient:
        self.settings = settings
        return self

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *reason: object) -> None:
        pass

    def list(self, kind: str, *words: str, page_size: int | None = None, workers: int = 1) -> list[Object]:
        self.asked.append((kind, *words, *([page_size] if page_size else [])))
        if self.error:
            raise self.error
        names = [name for name, operator in itertools.pairwise(words) if operator in filters.OPERAND_COUNTS]
        refused = [name for name in names if self.indexes is not None and name not in self.indexes]
        if refused:
            raise errors.ApiError(f"Filter not found: {refused[0]}", type="GET", code=406)
        return copy.deepcopy(self.objects.get(kind, []))

    def find(self, kind: str, key: str) -> Object | None:
        self.asked.append((kind, key))
        return next((item for item in self.objects.get(kind, []) if item["Name"] == key), None)

    def has_feature(self, name: str) -> bool:
        self.asked.append(("info",))
        return name in self.features


class Reports:
    """Collects what would be told."""

    def __init__(self) -> None:
        self.mentioned: list[str] = []
        self.warned: list[str] = []
        self.complained: list[str] = []
        self.verbose, self.warn = self.mentioned.append, self.warned.append
        self.warn_or_fail = self.complained.append


def hosts(inventory: InventoryData) -> dict[str, list[str]]:
    """Group -> names of the hosts that are in it themselves."""
    return {
        name: [host.name for host in group.hosts]
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }


def dump(inventory: InventoryData) -> t.Any:
    """All that makes an inventory: its groups with hosts, children and variables, its hosts with theirs."""
    inventory.reconcile_inventory()
    groups = {
        name: (
            [host.name for host in group.hosts],
            [child.name for child in group.child_groups],
            group.depth,
            group.vars,
            sorted(host.name for host in group.get_hosts()),  # their order depends on addresses in memory
        )
        for name, group in inventory.groups.items()
    }
    known = {name: (host.vars, sorted(map(str, host.groups))) for name, host in inventory.hosts.items()}
    return groups, known, {name: sorted(those) for name, those in inventory.get_groups_dict().items()}


def variables(inventory: InventoryData, name: str) -> dict[str, t.Any]:
    host = inventory.get_host(name)
    assert host is not None
    return t.cast("dict[str, t.Any]", host.vars)
