# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of any kind, whole or one member of them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drp_object
short_description: Read objects from Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Returns objects of one kind, without their secrets, or one member of each.
  - Strings in them are data, and are never evaluated as templates.
options:
  _terms:
    description:
      - The objects, each by its name, its key, or as C(Index:value). By default, if O(filters) is not set
        either, all objects of the kind.
    type: list
    elements: str
  kind:
    description: The kind as the API names it, such as V(machines) or V(subnets).
    type: str
    default: machines
  filters:
    description:
      - All objects that match, by index (such as V(Workflow)), by param, or by V(Meta.<key>). The filter
        is applied by the server.
      - "A value is compared for equality. A dictionary such as C({Between:
        [a, b]}) uses another operator of the server."
    type: dict
  member:
    description:
      - The member to return of each object, as names separated by dots (V(OS.Name), V(Tasks.0)) or, for names
        that contain dots, as a JSON pointer (V(/Params/my.param)). By default, the whole object.
    type: str
  default:
    description: The value for objects that have no value at O(member). By default, such an object is an
      error.
    type: raw
extends_documentation_fragment:
  - digitalrebar.provision.connection.plugins
seealso:
  - plugin: digitalrebar.provision.drp_param
    plugin_type: lookup
  - module: digitalrebar.provision.drp_info
"""

EXAMPLES = r"""
- name: Show the address of a machine
  ansible.builtin.debug:
    msg: "{{ lookup('digitalrebar.provision.drp_object', 'web-1.example.com', member='Address') }}"

- name: Show the machines of a workflow; query() always returns a list
  ansible.builtin.debug:
    msg: "{{ query('digitalrebar.provision.drp_object', filters={'Workflow': 'install'}, member='Name') }}"

- name: Show a profile
  ansible.builtin.debug:
    var: lookup('digitalrebar.provision.drp_object', 'global', kind='profiles')
"""

RETURN = r"""
_raw:
  description: The objects, or their members, in the order of the names.
  type: list
  elements: raw
"""

import typing as t

from ..module_utils.client import models
from ..module_utils.client.client import Client
from ..module_utils.client.errors import UsageError
from ..module_utils.client.waiting.predicates import MISSING, find
from ..module_utils.converge.show import masked
from ..module_utils.resources.listing import Query, select
from ..module_utils.resources.lookup import find_all
from ..plugin_utils.lookup import DrpLookup


class LookupModule(DrpLookup):
    def look_up(self, client: Client, terms: list[str]) -> list[t.Any]:
        kind = client.require_kind(self.get_option("kind")).prefix
        filters = self.get_option("filters")
        if terms and filters:
            raise UsageError("filters: cannot be combined with names of objects")
        items = find_all(client, kind, terms) if terms else select(client, kind, Query(filters or {}))
        return [self._selected_member(kind, masked(kind, item)) for item in items]

    def _selected_member(self, kind: str, item: dict[str, t.Any]) -> t.Any:
        member, default = self.get_option("member"), self.get_option("default")
        if not member:
            return item
        value = find(item, member)
        if value is not MISSING:
            return value
        if default is None:
            name = f"{models.get(kind).singular} {models.label_of(kind, item)}"
            raise UsageError(f"member: {name} has no value at {member}, and no default is set")
        return default
