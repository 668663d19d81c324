#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_pool
short_description: Manage the machines of a pool in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Adds machines to a pool, removes them from it, allocates and releases them.
  - Selects machines by number or by name. Machines that are already in the desired state count, so a second
    run changes nothing.
  - Requires a v4 server. The pool itself, with its actions for each transition, is an object of the kind
    V(pools); see M(digitalrebar.provision.drp_object). A pool without such an object exists as long as it
    contains machines.
options:
  pool:
    description: The name of the pool.
    type: str
    required: true
  state:
    description:
      - The desired state of the machines.
      - V(allocated) reserves free machines of the pool.
      - V(free) releases allocated machines of the pool.
      - V(member) adds free machines to the pool.
      - V(removed) returns free machines of the pool to its parent. Allocated machines must be released
        first.
    type: str
    choices: [allocated, free, member, removed]
    default: allocated
  machines:
    description: The machines, each by its name, its key, or as C(Index:value).
    type: list
    elements: str
  count:
    description:
      - How many machines must be V(allocated), V(free), or a V(member) of the pool. Missing machines
        are chosen by the server, or, with O(state=free), by the module. Additional machines are left
        unchanged.
      - With O(state=allocated), only machines that have all of O(profiles) and O(params) count.
      - With O(state=allocated) and O(state=member), the default is 1 unless O(machines) is set.
    type: int
  minimum:
    description:
      - The minimum number of machines. If fewer are available, the task fails and changes nothing.
        The default is O(count).
    type: int
  filters:
    description:
      - Moves only machines that match, by index (such as V(Arch)), by param, or by V(Meta.<key>).
      - Does not apply to machines that are already in the desired state.
      - With O(state=free) or O(state=removed), and without O(count), all matching machines are moved.
    type: dict
  all_machines:
    description: With O(state=free) or O(state=removed), move all machines of the pool for which this is
      possible.
    type: bool
    default: false
  source_pool:
    description:
      - With O(state=member), the pool from which machines are taken. The default is the parent of the pool.
    type: str
  profiles:
    description:
      - Profiles that are added to the machines when they are allocated or added, and removed when they are
        released or removed.
      - With O(state=free) and O(state=removed), only machines that have all these profiles are moved,
        unless O(machines) is set.
    type: list
    elements: str
  params:
    description: Params with their values, used like O(profiles).
    type: dict
  workflow:
    description: The workflow to set on the machines, instead of that of the pool.
    type: str
  wait:
    description:
      - Wait until the machines have the status V(InUse) or V(Free). Fails as soon as a machine is on
        hold.
      - Does not wait in check mode.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait. After that, the task fails. Its changes are not reverted.
    type: float
    default: 3600
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.guard
seealso:
  - module: digitalrebar.provision.drp_object
  - module: digitalrebar.provision.drp_wait
"""

EXAMPLES = r"""
- name: Allocate three machines for web servers, and wait until they are installed
  digitalrebar.provision.drp_pool:
    pool: metal
    count: 3
    profiles: [web-server]
    filters: {cores: {Gte: 16}}
    wait: true
    wait_timeout: 2700
  register: web

- name: Release all of them
  digitalrebar.provision.drp_pool:
    pool: metal
    state: free
    all_machines: true
    profiles: [web-server]
    max_targets: 3

- name: Have ten machines in the pool, or at least four if there are no more
  digitalrebar.provision.drp_pool:
    pool: metal
    state: member
    count: 10
    minimum: 4

- name: Release one machine
  digitalrebar.provision.drp_pool:
    pool: metal
    state: free
    machines: [web-1.example.com]
"""

RETURN = r"""
machines:
  description:
    - The machines that are in the desired state after the task, each with its name, UUID and status.
    - In check mode, without those that the server would choose.
  returned: success
  type: list
  elements: dict
  sample:
    - {"name": "web-1", "uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "status": "InUse", "allocated": true}
moved:
  description: The names of the machines that this task has moved.
  returned: success
  type: list
  elements: str
  sample: [web-1]
targets:
  description: The machines that the module has chosen.
  returned: when the server does not choose the machines
  type: dict
  contains:
    deed:
      description: What the task does to them.
      type: str
      sample: release
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
wait:
  description: The result of the wait.
  returned: with O(wait=true)
  type: dict
  contains:
    outcome:
      description: The outcome, V(complete), V(failed), V(deleted) or V(timeout).
      type: str
      sample: complete
      returned: always
    waited:
      description: How many seconds the task waited.
      type: float
      sample: 812.044
      returned: always
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "pools", "Key": "metal", "Type": "POST", "Messages": ["Not enough machines"], "Code": 409}
"""

from ..module_utils.converge.guard import GUARD_SPEC
from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.pool.plan import STATES
from ..module_utils.resources.pool.pool import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **GUARD_SPEC,
        "pool": {"type": "str", "required": True},
        "state": {"type": "str", "choices": list(STATES), "default": "allocated"},
        "machines": {"type": "list", "elements": "str"},
        "count": {"type": "int"},
        "minimum": {"type": "int"},
        "filters": {"type": "dict"},
        "all_machines": {"type": "bool", "default": False},
        "source_pool": {"type": "str"},
        "profiles": {"type": "list", "elements": "str"},
        "params": {"type": "dict"},
        "workflow": {"type": "str"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "float", "default": 3600},
    },
    "mutually_exclusive": [
        ["machines", "count"],
        ["machines", "filters"],
        ["machines", "all_machines"],
        ["count", "all_machines"],
    ],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
