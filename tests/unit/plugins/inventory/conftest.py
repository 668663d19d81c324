# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin as Ansible would have loaded it, on a client that answers from lists."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Constructed
from ansible.plugins.doc_fragments.inventory_cache import ModuleDocFragment as InventoryCache
from unit.plugins.inventory.lab import KEY, NAME, FakeClient, Object

from ansible_collections.digitalrebar.provision.plugins.doc_fragments.connection import (
    ModuleDocFragment as Connection,
)
from ansible_collections.digitalrebar.provision.plugins.doc_fragments.host_kinds import (
    ModuleDocFragment as HostKinds,
)
from ansible_collections.digitalrebar.provision.plugins.inventory import drp
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings

Parse = Callable[..., InventoryData]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    fake = FakeClient()
    monkeypatch.setattr(settings, "connect", fake.connect)
    return fake


@pytest.fixture(scope="session")
def definitions() -> None:
    """What Ansible's plugin loader does with the documentation."""
    options: dict[str, t.Any] = {}
    fragments = (Constructed.DOCUMENTATION, InventoryCache.DOCUMENTATION, Connection.PLUGINS)
    for text in (*fragments, HostKinds.DOCUMENTATION, drp.DOCUMENTATION):
        options.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, options)


def new_plugin() -> drp.InventoryModule:
    made = drp.InventoryModule()
    made._load_name = NAME
    made._redirected_names = [NAME]
    made.ansible_name = NAME
    return made


@pytest.fixture
def plugin(definitions: None) -> drp.InventoryModule:
    return new_plugin()


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch, plugin: drp.InventoryModule) -> list[str]:
    """What is warned of, without the name of the file."""
    told: list[str] = []
    monkeypatch.setattr(plugin.display, "warning", lambda text: told.append(text.split("yml: ", 1)[-1]))
    return told


@pytest.fixture
def parse(plugin: drp.InventoryModule, client: FakeClient, tmp_path: Path) -> Parse:
    """Parse a file with these options and, unless told otherwise, a key."""

    def run(*machines: Object, cached: bool = True, **options: t.Any) -> InventoryData:
        path = tmp_path / "drp.yml"
        path.write_text(
            yaml.safe_dump({"plugin": NAME, "key": KEY, **options}, sort_keys=False), encoding="utf-8"
        )
        client.objects["machines"] = list(machines)
        inventory = InventoryData()
        plugin.parse(inventory, DataLoader(), str(path), cache=cached)
        if options.get("cache"):
            plugin.update_cache_if_changed()
        return inventory

    return run
