# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What all modules that bring an object into a state have in common."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without
      modifying the server.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)),
      when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run
      indicates no change.
    support: full
    details:
      - This assumes that no other client has changed the object in the meantime.
  async:
    description: Supports being used with the C(async) keyword.
    support: full
    details:
      - Such a task runs as an ordinary module on its target, regardless of O(run_in).
  action_group:
    description: Use C(group/digitalrebar.provision.drp) in C(module_defaults) to set defaults for this
      module.
    support: full
    membership:
      - digitalrebar.provision.drp
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
"""
