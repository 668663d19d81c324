# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a small task must not load: its start is most of what it costs.

ansible-core compiles each file of a collection anew in every process, and each package takes milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.digitalrebar import provision

PLUGINS = "ansible_collections.digitalrebar.provision.plugins"
COLLECTIONS = Path(provision.__path__[0]).parents[2]
PACKAGES = {"jsonpatch", "jsonpointer", "nacl", "websocket"}
"""Loaded when they are used.  Ansible itself loads yaml."""
OURS = {
    *("module_utils.agent", "module_utils.client.events", "module_utils.client.packs"),
    *("module_utils.client.waiting", "module_utils.client.typed.fit", "module_utils.client.typed.structs"),
    *("module_utils.client.typed.yaml_reader", "module_utils.client.formats"),
    *("module_utils.client.files.blobs", "module_utils.client.files.download"),
    *("module_utils.client.files.uploads", "module_utils.converge.engine", "module_utils.converge.bulk"),
    *("module_utils.resources.bootenv", "module_utils.resources.content", "module_utils.resources.files"),
    *("module_utils.resources.blob_list", "module_utils.resources.waiting", "module_utils.resources.runner"),
}


def loaded_by(*modules: str) -> set[str]:
    """The names of all modules that a new interpreter has loaded after it has imported these."""
    code = "import sys, json\n" + "".join(f"import {module}\n" for module in modules)
    done = subprocess.run(
        [sys.executable, "-c", code + "print(json.dumps(list(sys.modules)))"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(COLLECTIONS), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def heavy_in(loaded: set[str], heavy: set[str]) -> list[str]:
    return sorted(name for name in loaded if any(name == one or name.startswith(f"{one}.") for one in heavy))


def test_an_info_task_loads_nothing_heavy() -> None:
    loaded = loaded_by(f"{PLUGINS}.action.drp_info")
    assert f"{PLUGINS}.modules.drp_info" in loaded  # so that the workers of a task inherit it
    assert heavy_in(loaded, PACKAGES | {f"{PLUGINS}.{name}" for name in OURS}) == []


def test_a_task_loads_no_module_but_its_own() -> None:
    loaded = loaded_by(f"{PLUGINS}.action.drp_machine")
    found = {name for name in loaded if name.startswith((f"{PLUGINS}.modules.", f"{PLUGINS}.action."))}
    assert found == {f"{PLUGINS}.modules.drp_machine", f"{PLUGINS}.action.drp_machine"}


def test_the_client_loads_no_package_that_it_may_not_need() -> None:
    loaded = loaded_by(f"{PLUGINS}.module_utils.client.settings")
    assert heavy_in(loaded, PACKAGES | {"yaml"}) == []
    assert "requests" in loaded


def test_an_inventory_from_the_cache_needs_no_client() -> None:
    loaded = loaded_by(f"{PLUGINS}.inventory.drp")
    assert heavy_in(loaded, PACKAGES | {"requests", "urllib3", f"{PLUGINS}.module_utils.client.client"}) == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_is_called_heavy_exists(name: str) -> None:
    """A list of names that have gone would hold nothing."""
    path = COLLECTIONS / PLUGINS.replace(".", "/") / name.replace(".", "/")
    assert path.is_dir() or path.with_suffix(".py").is_file()
