# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Params of machines, profiles, plugins, and of all other kinds that have some."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drp_param
short_description: Read params from Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Returns the values of params as a machine, a profile, a plugin or another object has them.
  - Values keep their types. They are data, and are never evaluated as templates.
options:
  _terms:
    description: The names of the params.
    type: list
    elements: str
    required: true
  machine:
    description: The machine whose params to read, by its name, its UUID, or as C(Index:value).
    type: str
  profile:
    description: The profile whose params to read.
    type: str
  plugin:
    description: The plugin whose params to read.
    type: str
  object:
    description:
      - The object of O(kind) whose params to read, by its key, its name, or as C(Index:value).
      - On v4 servers, blueprints, clusters, stages, subnets, work orders and other kinds have params.
    type: str
  kind:
    description: The kind of O(object).
    type: str
  aggregate:
    description:
      - Whether to search a param that is not set on the object itself in its other sources. For a machine,
        a cluster and a resource broker, these are its profiles, those of its stage, the profile V(global),
        and the default of the param. For other objects, they are their profiles if they have any, V(global),
        and the default.
    type: bool
    default: true
  decode:
    description:
      - Whether to decode secure params. They cannot be read otherwise. The user requires the claim
        C(getSecure).
    type: bool
    default: false
  default:
    description: The value of a param that is not set. The default is null.
    type: raw
extends_documentation_fragment:
  - digitalrebar.provision.connection.plugins
seealso:
  - plugin: digitalrebar.provision.drp_object
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show a param of a machine
  ansible.builtin.debug:
    msg: "{{ lookup('digitalrebar.provision.drp_param', 'rack/position', machine='web-1.example.com') }}"

- name: Show several params, with a default value
  ansible.builtin.debug:
    msg: "{{ query('digitalrebar.provision.drp_param', 'dns-domain', 'ntp-servers', profile='global',
      default='') }}"

- name: Show a param of a cluster
  ansible.builtin.debug:
    msg: "{{ lookup('digitalrebar.provision.drp_param', 'cluster/size', kind='clusters', object='farm') }}"

- name: Read a secret
  ansible.builtin.set_fact:
    ipmi_password: "{{ lookup('digitalrebar.provision.drp_param', 'ipmi/password', machine=inventory_hostname,
      decode=true) }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: The values, in the order of the names.
  type: list
  elements: raw
"""

import typing as t

from ..module_utils.client import models
from ..module_utils.client.client import Client
from ..module_utils.client.errors import UsageError
from ..module_utils.client.objects import params
from ..module_utils.converge.show import is_sealed
from ..module_utils.resources.lookup import find_one
from ..plugin_utils.lookup import DrpLookup

OWNER_KINDS = {"machine": "machines", "profile": "profiles", "plugin": "plugins"}


class LookupModule(DrpLookup):
    def look_up(self, client: Client, terms: list[str]) -> list[t.Any]:
        kind, owner_name = self._owner_option(client)
        # its own key, for a token that is limited to one machine is refused a path with another spelling
        key = models.require_key(kind, find_one(client, kind, owner_name))
        return [self._value(client, kind, key, name) for name in terms]

    def _owner_option(self, client: Client) -> tuple[str, str]:
        names = [*OWNER_KINDS, "object"]
        given = {option: self.get_option(option) for option in names if self.get_option(option)}
        if len(given) != 1:
            raise UsageError(f"give one of {', '.join(names)}: whose params are to be read")
        ((option, owner_name),) = given.items()
        kind = self.get_option("kind")
        if bool(kind) != (option == "object"):
            raise UsageError("give object and kind together: an object of which kind is to be read")
        return OWNER_KINDS.get(option) or _kind_with_params(client, kind), owner_name

    def _value(self, client: Client, kind: str, key: str, name: str) -> t.Any:
        decode = self.get_option("decode")
        value = params.get(client, kind, key, name, self.get_option("aggregate"), decode)
        if is_sealed(value):
            advice = "the server cannot decode it" if decode else "set decode=true to read it"
            raise UsageError(f"param {name} is secure: {advice}")
        return self.get_option("default") if value is None else value


def _kind_with_params(client: Client, kind: str) -> str:
    model = client.require_kind(kind)
    if not model.has_params:
        known = sorted(prefix for prefix, row in models.MODELS.items() if row.has_params)
        raise UsageError(f"kind: {kind} have no params. Kinds with params: {', '.join(known)}")
    return model.prefix
