# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of this collection, by name: the files in ``plugins/modules`` are the only list of them."""

from __future__ import annotations

import importlib
import pathlib
import types
import typing as t

_FOLDER = pathlib.Path(__file__).parents[1] / "modules"
_COLLECTION = "digitalrebar.provision"
_PACKAGE = "ansible_collections.digitalrebar.provision.plugins.modules"


def module_names() -> list[str]:
    """All names, sorted, such as ``drp_machine``."""
    return sorted(path.stem for path in _FOLDER.glob("drp_*.py"))


def load_module(name: str) -> types.ModuleType:
    """The module: ``SPEC``, ``run``, and ``LOCAL_FILES`` when options of it name files of the controller."""
    return importlib.import_module(f"{_PACKAGE}.{name}")


def module_of_task(task: t.Any, module_loader: t.Any, known: t.Container[str]) -> str:
    """Which of the ``known`` modules a task means; LookupError when it is none of them.

    What the task says decides, not what Ansible resolved it to: that is the action plugin, which all modules
    share, before ansible-core 2.19, and for names that another collection redirects to it.
    """
    collection, _dot, name = task.action.rpartition(".")
    if collection == _COLLECTION and name in known:
        return str(name)
    found = module_loader.find_plugin_with_context(task.action, collection_list=task.collections)
    resolved = found.resolved_fqcn if found.resolved else ""
    collection, _dot, name = str(resolved).rpartition(".")
    if collection == _COLLECTION and name in known:
        return name
    raise LookupError(f"{task.action} is no module of {_COLLECTION}, whose action plugin runs no other")
