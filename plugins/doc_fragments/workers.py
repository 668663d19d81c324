# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How many requests run side by side; the option of ``module_utils/converge/workers.py``."""

    DOCUMENTATION = r"""
options:
  workers:
    description:
      - How many objects the task works on at the same time, each with a connection of its own, from 1 to 32.
      - A smaller number leaves more of a busy server to others. More than the default is useful only if the
        server is far away.
    type: int
    default: 8
"""
