# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of this name in the controller process; written by ``make format``."""

from __future__ import annotations

from ..plugin_utils.in_process import action_of

ActionModule = action_of(__name__)
