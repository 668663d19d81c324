# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads the action while a play is parsed, in the parent of all workers.

The strategy loads beforehand only what it finds under the action's own name, and meta/runtime.yml routes
modules by another one: without this line each worker would import everything anew.
"""

from __future__ import annotations

from . import drp_object  # noqa: F401
