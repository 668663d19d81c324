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
  - Runs an action that a plugin provides, on machines, profiles, plugins, any other kind of object, or the
    system. Examples are actions for power, boot order and BIOS of machines.
  - Runs the action on many objects in parallel. Each object has its own result. A failure on one object does
    not stop the others.
  - Never sends an action twice. If the server does not answer, the task fails and reports that it is unknown
    whether the action was run.
  - If the action does not exist, the error lists the available actions.
    M(digitalrebar.provision.drp_action_info) returns them as data.
options:
  kind:
    description: The kind of the objects as the API names it, or V(system) for the system itself.
    type: str
    default: machines
  command:
    description:
      - The name of the action, such as V(poweron) or V(nextbootpxe).
      - V(restart) of O(kind=work_orders) and O(kind=batches), and V(acknowledge) of O(kind=alerts) are
        actions of v4 servers that need no plugin. An alert that was acknowledged before is left as it is.
      - So are V(allocate) of O(kind=subnets), which reserves a free address (the params are members of the
        reservation, such as C(Token) and C(Strategy)), V(release) of O(kind=subnets) with the param
        C(address), and V(purgeLocal) of O(kind=bootenvs), which removes what was extracted from its ISOs for
        the architectures in the param C(arches), a list; with C(reexplodeIsos), the server extracts them
        again.
      - A command whose name indicates that it switches off, resets, erases or installs requires
        O(max_targets) or O(confirm) when it affects more than one object, except in check mode.
    type: str
    required: true
  params:
    description:
      - Params for the action, by name. Required params that are not set are taken from the object.
      - Secure params cannot be set.
    type: dict
  plugin:
    description: The plugin that runs the action. Set it if several plugins provide the action.
    type: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.selection
  - digitalrebar.provision.guard
  - digitalrebar.provision.workers
attributes:
  check_mode:
    support: partial
    details:
      - Checks whether each object has the action. The effect of the action cannot be predicted.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run of the task runs the action.
seealso:
  - module: digitalrebar.provision.drp_action_info
"""

EXAMPLES = r"""
- name: Switch a machine on
  digitalrebar.provision.drp_action:
    name: web-1.example.com
    command: poweron

- name: Boot the machines of a rack from the network by a power cycle
  digitalrebar.provision.drp_action:
    filters: {rack/name: r12}
    command: "{{ item }}"
    max_targets: 40
  loop: [nextbootpxe, powercycle]

- name: Get the power status of some machines
  digitalrebar.provision.drp_action:
    objects: [web-1.example.com, web-2.example.com]
    command: powerstatus
  register: power

- name: Acknowledge all alerts that nobody has acknowledged yet
  digitalrebar.provision.drp_action:
    kind: alerts
    filters: {Acknowledged: false}
    command: acknowledge

- name: Run an action of the system
  digitalrebar.provision.drp_action:
    kind: system
    command: incrstatus
    plugin: incrementer
"""

RETURN = r"""
result:
  description: The answer of the plugin. Its format depends on the plugin.
  returned: success, for one object
  type: raw
  sample: Success
results:
  description:
    - One entry per object, with the name and key of the object and the values that a task for one
      object returns.
  returned: with O(objects) or O(filters)
  type: list
  elements: dict
  sample: [{"name": "web-1", "key": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "changed": true, "result": 1}]
targets:
  description: The objects on which the action is run.
  returned: with O(objects) or O(filters)
  type: dict
  contains:
    deed:
      description: What the task does to them.
      type: str
      sample: powercycle
      returned: always
    count:
      description: The number of objects.
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
      description: The identifier of exactly these objects, to be set as O(confirm).
      type: str
      sample: 5f1d7a84db00
      returned: always
changed:
  description:
    - Whether the action was run. Actions that only read, such as V(powerstatus), do not report a change.
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
from ..module_utils.converge.workers import WORKERS_SPEC
from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.action import run
from ..module_utils.resources.selection import SELECTION_SPEC

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **SELECTION_SPEC,
        **GUARD_SPEC,
        **WORKERS_SPEC,
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
