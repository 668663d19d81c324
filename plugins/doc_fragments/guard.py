# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How much a task may destroy; the options of ``module_utils/converge/guard.py``."""

    DOCUMENTATION = r"""
options:
  max_targets:
    description:
      - The maximum number of objects that the task may delete, re-image or switch off. If it would affect
        more, it fails and changes nothing.
      - Objects that are already in the desired state do not count.
    type: int
  confirm:
    description:
      - The identifier of the set of objects that the task may delete, re-image or switch off. A run
        in check mode returns it as RV(targets.confirm).
      - If the task would now affect other objects, it fails and changes nothing.
    type: str
  include_locked:
    description:
      - Include locked machines. Otherwise, the task fails and changes nothing if it would affect a locked
        machine.
      - If the server refuses to change a locked machine, the machine is unlocked for the change and then
        locked again, unless it was deleted.
      - Only v4 servers support locks.
    type: bool
    default: false
"""
