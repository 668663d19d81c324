# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The kinds of objects that the inventory makes hosts of."""

    DOCUMENTATION = r"""
options:
  kinds:
    description:
      - The kinds whose objects become hosts. O(filters) and all other options apply to them as to machines.
      - V(clusters) and V(resource_brokers) require a v4 server. To group the machines by them, they need not
        be hosts; see O(groups_by).
    type: list
    elements: str
    choices: [machines, clusters, resource_brokers]
    default: [machines]
  named_filter:
    description:
      - The name of a filter object of the server, which selects the hosts of its kind. If the filter is for
        no kind, it selects from all O(kinds). O(filters) apply in addition.
      - Filters that group objects, or leave out members of them, cannot be used. Requires a v4 server.
    type: str
  exclude_self_runner:
    description:
      - Leave out the machine that stands for the DRP server itself. Servers of version 3.12 have none.
    type: bool
    default: false
"""
