#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_action_info
short_description: List actions of plugins in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Lists the actions that plugins provide for objects or for the system and that can run now.
  - An action that requires a param is listed only for objects that have the param.
options:
  kind:
    description: The kind of the objects as the API names it, or V(system) for the system itself.
    type: str
    default: machines
  plugin:
    description: List the actions of this plugin only.
    type: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.selection
attributes:
  diff_mode:
    support: none
seealso:
  - module: digitalrebar.provision.drp_action
"""

EXAMPLES = r"""
- name: List the actions of a machine
  digitalrebar.provision.drp_action_info:
    name: web-1.example.com
  register: offered

- name: List the actions of machines that are not runnable
  digitalrebar.provision.drp_action_info:
    filters: {Runnable: false}
  register: offered

- name: Show the machines that can be switched on
  ansible.builtin.debug:
    msg: "{{ offered.results | selectattr('actions', 'contains', 'poweron') | map(attribute='name') }}"
"""

RETURN = r"""
actions:
  description: The actions, each with its plugin provider and its required and optional params.
  returned: for one object
  type: list
  elements: dict
  sample:
    - {"Provider": "ipmi", "Model": "machines", "Command": "poweron", "RequiredParams": []}
results:
  description: One entry per object, with its name, its key and its actions.
  returned: with O(objects) or O(filters)
  type: list
  elements: dict
  sample: [{"name": "web-1", "key": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "actions": []}]
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.action import run_info as run
from ..module_utils.resources.selection import SELECTION_SPEC

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **SELECTION_SPEC,
        "kind": {"type": "str", "default": "machines"},
        "plugin": {"type": "str"},
    },
    "mutually_exclusive": [[*SELECTION_SPEC]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
