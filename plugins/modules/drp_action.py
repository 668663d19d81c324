#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_action
short_description: Run actions of plugins in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Runs an action that a plugin offers on machines, profiles, plugins, or any other kind of object, or on
    the system. Power, boot order and BIOS of machines are such actions.
  - Runs it on many objects side by side. Each has a result of its own, and one that fails does not stop the
    others.
  - Never sends an action twice. When there is no answer the task fails, and says that it is not known what
    was done.
  - When there is no such action the error lists those that there are.
    M(digitalrebar.provision.drp_action_info) returns them as data.
options:
  kind:
    description: The kind of the objects as the API names it, or V(system) for the system itself.
    type: str
    default: machines
  command:
    description:
      - The name of the action, such as V(poweron) or V(nextbootpxe).
      - A command that switches off, resets, erases or installs, by the words in its name, is not done to
        more than one object unless O(max_targets) or O(confirm) is given, except in check mode.
    type: str
    required: true
  params:
    description:
      - Params for the action, by name. Those that it needs and that are not given come from the object.
      - Secure params cannot be given.
    type: dict
  plugin:
    description: Have it done by this plugin, where several offer the action.
    type: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.selection
  - digitalrebar.provision.guard
attributes:
  check_mode:
    support: partial
    details:
      - Finds out whether each object has the action. What it would do is not known.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - An action is carried out each time.
seealso:
  - module: digitalrebar.provision.drp_action_info
"""

EXAMPLES = r"""
- name: Switch a machine on
  digitalrebar.provision.drp_action:
    name: web-1.example.com
    command: poweron

- name: Have the machines of a rack boot from the network next, and switch them off and on
  digitalrebar.provision.drp_action:
    filters: {rack/name: r12}
    command: "{{ item }}"
    max_targets: 40
  loop: [nextbootpxe, powercycle]

- name: Ask for the power status of some machines
  digitalrebar.provision.drp_action:
    objects: [web-1.example.com, web-2.example.com]
    command: powerstatus
  register: power

- name: Run an action of the system
  digitalrebar.provision.drp_action:
    kind: system
    command: incrstatus
    plugin: incrementer
"""

RETURN = r"""
result:
  description: What the plugin answered, in a form of its own.
  returned: success, for one object
  type: raw
  sample: Success
results:
  description:
    - One entry per object. It holds what a task for one object returns, with the name and key of the
      object.
  returned: with O(objects) or O(filters)
  type: list
  elements: dict
  sample: [{"name": "web-1", "key": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "changed": true, "result": 1}]
targets:
  description: The objects it is done to.
  returned: with O(objects) or O(filters)
  type: dict
  contains:
    deed:
      description: What is done to them, in a word.
      type: str
      sample: powercycle
      returned: always
    count:
      description: How many there are.
      type: int
      sample: 2
      returned: always
    names:
      description: Their names.
      type: list
      elements: str
      sample: [web-1, web-2]
      returned: always
    confirm:
      description: The mark of just these, for O(confirm).
      type: str
      sample: 5f1d7a84db00
      returned: always
changed:
  description:
    - Whether something was done. Actions that only look, by their name, change nothing (V(powerstatus)).
  returned: always
  type: bool
  sample: true
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "machines", "Key": "m", "Type": "INVOKE", "Messages": ["Missing Parameter"], "Code": 400}
"""

from ..module_utils.converge.guard import GUARD_SPEC
from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.action import run
from ..module_utils.resources.selection import SELECTION_SPEC

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **SELECTION_SPEC,
        **GUARD_SPEC,
        "kind": {"type": "str", "default": "machines"},
        "command": {"type": "str", "required": True},
        "params": {"type": "dict"},
        "plugin": {"type": "str"},
    },
    "mutually_exclusive": [[*SELECTION_SPEC]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
