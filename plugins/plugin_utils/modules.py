# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of this collection, by name: the files in ``plugins/modules`` are the only list of them."""

from __future__ import annotations

import importlib
import pathlib
import types

_FOLDER = pathlib.Path(__file__).parents[1] / "modules"
_PACKAGE = "ansible_collections.digitalrebar.provision.plugins.modules"


def module_names() -> list[str]:
    """All names, sorted, such as ``drp_machine``."""
    return sorted(path.stem for path in _FOLDER.glob("drp_*.py"))


def load_module(name: str) -> types.ModuleType:
    """The module: ``SPEC``, ``run``, and ``LOCAL_FILES`` when options of it name files of the controller."""
    return importlib.import_module(f"{_PACKAGE}.{name}")
