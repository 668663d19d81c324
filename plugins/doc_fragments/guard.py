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
      - How many objects the task may delete, re-image or switch off at most. When it would be more, it
        fails before anything is done.
      - What is as wanted already does not count.
    type: int
  confirm:
    description:
      - The mark of the objects that the task may delete, re-image or switch off. A run in check mode
        returns it as RV(targets.confirm).
      - When other objects would be hit by now, the task fails before anything is done.
    type: str
  include_locked:
    description:
      - Do it to locked machines too. Without this the task fails, before anything is done, when it would
        hit one.
      - Where the server refuses to change a locked machine, it is unlocked first. If it is still there
        afterwards, it is locked again.
      - Only a v4 server knows locks.
    type: bool
    default: false
"""
