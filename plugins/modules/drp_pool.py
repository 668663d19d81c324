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
  - Brings machines into a pool and out of it, allocates and releases them.
  - Says how many there are to be, or which. What is so already is counted, so that a second run does nothing.
  - Needs a v4 server. The pool itself, with what is to happen at each transition, is an object of the kind
    V(pools); see M(digitalrebar.provision.drp_object). A pool without such an object exists while machines
    are in it.
options:
  pool:
    description: The name of the pool.
    type: str
    required: true
  state:
    description:
      - What the machines are to be.
      - V(allocated) reserves free machines of the pool.
      - V(free) releases allocated machines of the pool.
      - V(member) brings free machines into the pool.
      - V(removed) gives free machines of the pool back to its parent. Allocated ones have to be released
        before.
    type: str
    choices: [allocated, free, member, removed]
    default: allocated
  machines:
    description: Just these machines, each by its name, its key, or as C(Index:value).
    type: list
    elements: str
  count:
    description:
      - How many machines are to be V(allocated), V(free), or a V(member) of the pool. Those that are
        missing are chosen by the server, or, to be freed, by this module. What is there beyond it stays.
      - With O(state=allocated) those machines count that have all of O(profiles) and O(params).
      - Without this and without O(machines) it is 1 for O(state=allocated) and O(state=member).
    type: int
  minimum:
    description:
      - How many are enough. With less the task fails, before anything is done. Without this, all of
        O(count) must be had.
    type: int
  filters:
    description:
      - Only machines that match are moved, by index (such as V(Arch)), by param, or by V(Meta.<key>).
      - Does not limit which machines count as being as wanted already.
      - With O(state=free) or O(state=removed), and without O(count), all that match are moved.
    type: dict
  all_machines:
    description: With O(state=free) or O(state=removed), all machines of the pool for which that can be done.
    type: bool
    default: false
  source_pool:
    description:
      - With O(state=member), the pool from which machines are taken, by default the parent of the pool.
    type: str
  profiles:
    description:
      - Profiles that the machines are given when they are taken, and that are taken from them when they go
        back.
      - With O(state=free) and O(state=removed) only machines that have all of them are touched, unless
        O(machines) says which.
    type: list
    elements: str
  params:
    description: The same for params, with their values.
    type: dict
  workflow:
    description: The workflow that the machines get, instead of that of the pool's object.
    type: str
  wait:
    description:
      - Wait until the machines have come to the end of their way, V(InUse) or V(Free). Fails as soon as one
        is on hold.
      - Not done in check mode.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait. Then the task fails; what it has changed stays changed.
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
- name: Have three machines for the web servers, installed and ready
  digitalrebar.provision.drp_pool:
    pool: metal
    count: 3
    profiles: [web-server]
    filters: {cores: {Gte: 16}}
    wait: true
    wait_timeout: 2700
  register: web

- name: Give them all back
  digitalrebar.provision.drp_pool:
    pool: metal
    state: free
    all_machines: true
    profiles: [web-server]
    max_targets: 3

- name: Have at least ten machines in the pool, or four if there are no more
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
    - The machines that are as wanted after the task, each with its name, UUID and status.
    - In check mode without those that the server would choose.
  returned: success
  type: list
  elements: dict
  sample:
    - {"name": "web-1", "uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "status": "InUse", "allocated": true}
moved:
  description: The names of those that this task has moved.
  returned: success
  type: list
  elements: str
  sample: [web-1]
targets:
  description: The machines that were chosen beforehand.
  returned: when it is not left to the server which machines are moved
  type: dict
  contains:
    deed:
      description: What is done to them, in a word.
      type: str
      sample: release
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
wait:
  description: How the waiting went.
  returned: with O(wait=true)
  type: dict
  contains:
    outcome:
      description: How it ended, V(complete), V(failed), V(deleted) or V(timeout).
      type: str
      sample: complete
      returned: always
    waited:
      description: For how many seconds it has waited.
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
