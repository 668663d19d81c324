#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_machine
short_description: Manage machines in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes machines, and moves them between workflows, stages and boot environments.
  - Writes only what differs, as a patch. The server refuses the patch if another client has changed the
    same members meanwhile; the change is then planned again.
  - Options that are not set are left unchanged.
options:
  state:
    description: Whether the machine should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the machine. Identifies the machine, unless O(uuid) or O(id) is set. With one of them,
        the machine is renamed.
    type: str
  uuid:
    description: The UUID of the machine. Identifies the machine, or is the UUID of a new machine.
    type: str
  id:
    description:
      - Identifies the machine by its key or by any unique index of the server, as C(Index:value).
    type: str
  address:
    description: The IP address. An empty string removes it.
    type: str
  description:
    description: A description for users.
    type: str
  profiles:
    description: Names of profiles, in order of precedence.
    type: list
    elements: str
  profiles_mode:
    description:
      - What to do with the names in O(profiles). V(set) makes them the complete list. V(append) and
        V(prepend) add them at the end and at the beginning, V(before) and V(after) next to the profile
        O(profiles_anchor). V(remove) removes them.
      - A profile that is in the list already stays where it is.
    type: str
    choices: [set, append, prepend, remove, before, after]
    default: set
  profiles_anchor:
    description: The profile of the machine next to which to add O(profiles).
    type: str
  append_profiles:
    description: The same as O(profiles_mode=append).
    type: bool
    default: false
  params:
    description:
      - Params by name. Values keep their types. V(null) removes a param.
      - For secure params see O(update_secure).
    type: dict
  purge_params:
    description: Remove all params that are not in O(params).
    type: bool
    default: false
  meta:
    description: Metadata, a dictionary of strings. V(null) removes an entry. Other entries are left
      unchanged.
    type: dict
  workflow:
    description:
      - The workflow. An empty string removes the machine from its workflow.
      - Setting another workflow replaces the task list and the stage, even while tasks run.
    type: str
  stage:
    description:
      - The stage. While the machine is in a workflow, the workflow sets the stage. To set another
        stage, remove the machine from its workflow with an empty O(workflow) in the same task, or with
        O(force=true).
    type: str
  bootenv:
    description:
      - The boot environment. When it changes, the server makes the machine not runnable; see O(runnable).
    type: str
  tasks:
    description: The task list of a machine without a workflow.
    type: list
    elements: str
  tasks_mode:
    description:
      - What to do with the names in O(tasks). V(set) makes them the complete list. V(append) and V(prepend)
        add them at the end and at the beginning, V(before) and V(after) next to the task O(tasks_anchor),
        and V(next) after the task that is running. V(remove) removes them.
      - A task that is in the list already stays where it is, so that a second run changes nothing.
    type: str
    choices: [set, append, prepend, remove, before, after, next]
    default: set
  tasks_anchor:
    description: The task in the list of the machine next to which to add O(tasks).
    type: str
  runnable:
    description: Whether the agent of the machine may run its tasks. Set after all other changes.
    type: bool
  hardware_addrs:
    description: MAC addresses.
    type: list
    elements: str
  arch:
    description: The architecture as the server names it, such as V(amd64) or V(arm64).
    type: str
  locked:
    description:
      - Whether the machine is locked. The server refuses all changes of a locked machine, except to unlock
        it. Requires a v4 server.
    type: bool
  context:
    description:
      - The context in which the tasks of the machine run. An empty string means the machine itself. Requires
        a v4 server.
    type: str
  pipeline:
    description: The pipeline of the machine. An empty string removes it. Requires a v4 server.
    type: str
  work_order_mode:
    description:
      - Whether the machine runs work orders, see M(digitalrebar.provision.drp_work_order), instead of its
        workflow. Requires a v4 server.
    type: bool
  start:
    description:
      - Start the workflow from its beginning, also if the machine is in it already. The workflow is
        O(workflow) or, if that is not set, the current one. The machine becomes runnable.
      - The other options are applied first. Each run of the task starts the workflow again.
      - The server does this in one step. On servers that cannot, the workflow is left and then entered
        again.
    type: bool
    default: false
  cleanup:
    description:
      - With O(state=absent), have the server clean up before the deletion. If the param
        C(on-delete-workflow) applies to the machine, the server starts that workflow and deletes the
        machine when it is complete. Otherwise, it is deleted immediately.
      - With O(wait=true), waits until it is gone, and fails if a job of the workflow fails. O(until) and
        O(any_of) are then ignored.
      - Fails on servers that have no cleanup. Requires a v4 server.
    type: bool
    default: false
  include_locked:
    description:
      - Change or delete the machine even if it is locked. It is unlocked for the change and then locked
        again, unless it was deleted or O(locked) is set.
    type: bool
    default: false
  force:
    description:
      - Change O(stage) or O(bootenv) even if tasks are pending, or if the machine is in a workflow, from
        which it is then removed.
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored the machine but reports that it cannot be used, for example
        because a profile does not exist.
    type: bool
    default: true
requirements:
  - websocket-client, for O(wait=true)
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.secure
  - digitalrebar.provision.waiting
  - digitalrebar.provision.waiting.modules
seealso:
  - module: digitalrebar.provision.drp_wait
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a machine
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    address: 192.0.2.11
    hardware_addrs: ["52:54:00:12:34:56"]
    profiles: [rack-a]
    params:
      kernel-console: ttyS0,115200
      raid/disks: 4

- name: Start its installation
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    workflow: install-linux
    runnable: true

- name: Install it again, and wait until the workflow is complete
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    workflow: install-linux
    runnable: true
    wait: true
    wait_timeout: 2700

- name: Remove it from its workflow and boot from the local disk
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    workflow: ""
    stage: local

- name: Set a secret, and lock the machine
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    params:
      ipmi/password: "{{ ipmi_password }}"
    locked: true

- name: Remove a profile, and run a task after the one that is running
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    profiles: [rack-a]
    profiles_mode: remove
    tasks: [collect-inventory]
    tasks_mode: next

- name: Remove it
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    state: absent
    include_locked: true

- name: Run its current workflow once more, from the beginning
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    start: true

- name: Have it clean up, and wait until it is gone
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    state: absent
    cleanup: true
    wait: true
"""

RETURN = r"""
machine:
  description:
    - The machine as the server has it after the task, without its Secret.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "web-1.example.com", "Uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "Available": true}
action:
  description:
    - What was done, V(created), V(updated), V(deleted) or V(unchanged).
    - V(started) with O(start=true). V(cleanup_started) if O(cleanup=true) has started a workflow, and the
      task has not waited for its end.
  returned: success
  type: str
  sample: updated
errors:
  description: Why the machine is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the machine first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
wait:
  description: The result of the wait, as returned by M(digitalrebar.provision.drp_wait).
  returned: with O(wait=true)
  type: dict
  sample: {"outcome": "complete", "waited": 812.044}
error:
  description: The server's error object.
  returned: failure
  type: dict
  sample: {"Model": "machines", "Key": "web-1", "Type": "GET", "Messages": ["Not Found"], "Code": 404}
"""

from ..module_utils.converge.secure_params import UPDATE_SECURE
from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.list_edits import MODES, NEXT, SET
from ..module_utils.resources.machine import run
from ..module_utils.resources.waiting.waiting import WAIT_OPTIONS

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WAIT_OPTIONS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "uuid": {"type": "str"},
        "id": {"type": "str"},
        "address": {"type": "str"},
        "description": {"type": "str"},
        "profiles": {"type": "list", "elements": "str"},
        "append_profiles": {"type": "bool", "default": False},
        "profiles_mode": {"type": "str", "choices": [*MODES], "default": SET},
        "profiles_anchor": {"type": "str"},
        "params": {"type": "dict"},
        "purge_params": {"type": "bool", "default": False},
        "meta": {"type": "dict"},
        "workflow": {"type": "str"},
        "stage": {"type": "str"},
        "bootenv": {"type": "str"},
        "tasks": {"type": "list", "elements": "str"},
        "tasks_mode": {"type": "str", "choices": [*MODES, NEXT], "default": SET},
        "tasks_anchor": {"type": "str"},
        "runnable": {"type": "bool"},
        "hardware_addrs": {"type": "list", "elements": "str"},
        "arch": {"type": "str"},
        "locked": {"type": "bool"},
        "context": {"type": "str"},
        "pipeline": {"type": "str"},
        "work_order_mode": {"type": "bool"},
        "start": {"type": "bool", "default": False},
        "cleanup": {"type": "bool", "default": False},
        "include_locked": {"type": "bool", "default": False},
        "update_secure": {"type": "str", "choices": list(UPDATE_SECURE), "default": UPDATE_SECURE[0]},
        "force": {"type": "bool", "default": False},
        "require_available": {"type": "bool", "default": True},
    },
    "required_one_of": [["name", "uuid", "id"]],
    "mutually_exclusive": [["uuid", "id"]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
