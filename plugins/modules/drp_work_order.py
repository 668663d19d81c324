#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_work_order
short_description: Run work orders in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates a work order, which runs the tasks of a blueprint on a machine, a cluster or a resource broker,
    and waits for its end if O(wait=true). Cancels, restarts and deletes work orders.
  - What runs the work order must be in work order mode, see
    O(digitalrebar.provision.drp_machine#module:work_order_mode). A warning says so if it is not.
  - Requires a v4 server.
  - A new run of the task creates another work order, as C(drpcli work_orders run) does. There are two ways
    to avoid that. With O(uuid), there is only one work order of that UUID, however often the task runs. With
    O(reuse=active), no work order is created while one of the same blueprint waits or runs for the same
    target.
options:
  state:
    description:
      - V(present) creates a work order, unless O(uuid) or O(reuse) find one. One that exists is not changed.
      - V(cancelled) cancels the work order O(uuid), or all work orders of the target (and of O(blueprint),
        if set) that wait or run. Those that have ended are left as they are.
      - V(restarted) has the server run the work order O(uuid) again. Servers refuse this for some modes.
      - V(absent) deletes the work order O(uuid).
    type: str
    choices: [present, cancelled, restarted, absent]
    default: present
  uuid:
    description:
      - The UUID of the work order. A new work order gets this UUID.
      - To run a work order once for a purpose, make the UUID of a text that names the purpose, with the
        filter P(ansible.builtin.to_uuid#filter).
    type: str
  reuse:
    description:
      - With V(active), a work order that waits or runs for the same target and blueprint is used instead of
        a new one, and O(wait) waits for it. Its params are not compared.
      - With V(never), each run of the task without O(uuid) creates a work order.
    type: str
    choices: [never, active]
    default: never
  blueprint:
    description: The name of the blueprint, whose tasks are run. Required for a new work order.
    type: str
  machine:
    description: The name or UUID of the machine that runs the work order.
    type: str
  cluster:
    description: The name or UUID of the cluster that runs the work order.
    type: str
  resource_broker:
    description: The name or UUID of the resource broker that runs the work order.
    type: str
  server_filter:
    description:
      - The filter by which the server selects what runs the work order, in the form of the API, such as
        V(Pool=Eq(web) sort=Name).
    type: str
  params:
    description: Params for this run, by name.
    type: dict
  profiles:
    description: Names of profiles for this run, in order of precedence.
    type: list
    elements: str
  tasks:
    description: The tasks to run, instead of those of the blueprint.
    type: list
    elements: str
  context:
    description: The context in which the tasks run.
    type: str
  mode:
    description: The mode of the work order, V(task) or V(workflow). The server's default is V(task).
    type: str
  on_failure:
    description:
      - What the server does when a task fails, V(stop), V(pause), V(continue) or V(retry). Not all servers
        know it.
    type: str
  meta:
    description: Metadata, a dictionary of strings.
    type: dict
  force:
    description: With O(state=absent), cancel the work order first if it has not ended.
    type: bool
    default: false
requirements:
  - websocket-client, for O(wait=true)
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.waiting
  - digitalrebar.provision.waiting.modules
attributes:
  idempotent:
    support: partial
    details:
      - With O(uuid) or O(reuse=active), and with O(state=cancelled) and O(state=absent). Otherwise, each
        run of the task creates or restarts a work order.
seealso:
  - module: digitalrebar.provision.drp_machine
  - module: digitalrebar.provision.drp_wait
  - module: digitalrebar.provision.drp_job_info
"""

EXAMPLES = r"""
- name: Run a blueprint on a machine, and wait for its end
  digitalrebar.provision.drp_work_order:
    blueprint: rotate-certificates
    machine: web-1.example.com
    params:
      certificate/days: 90
    wait: true
    wait_timeout: 900

- name: The same once for each release, however often the playbook runs
  digitalrebar.provision.drp_work_order:
    uuid: "{{ ('migrate ' ~ release ~ ' on ' ~ inventory_hostname) | to_uuid }}"
    blueprint: migrate-database
    machine: "{{ inventory_hostname }}"
    wait: true

- name: Scale a cluster, unless that is going on already
  digitalrebar.provision.drp_work_order:
    blueprint: scale-out
    cluster: web
    reuse: active

- name: Cancel all that waits or runs on a machine
  digitalrebar.provision.drp_work_order:
    machine: web-1.example.com
    state: cancelled
"""

RETURN = r"""
work_order:
  description:
    - The work order as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present) or O(state=restarted)
  type: dict
  sample: {"Uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "Blueprint": "scale-out", "State": "finished"}
cancelled:
  description: The UUIDs of the work orders that were cancelled.
  returned: when O(state=cancelled)
  type: list
  elements: str
  sample: ["3e7031fe-3062-45f1-835c-92541bc9cbd3"]
action:
  description: What was done, V(created), V(cancelled), V(restarted), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
wait:
  description:
    - The result of the wait, as returned by M(digitalrebar.provision.drp_wait). If a task of the work order
      has failed, it has the last lines of its log.
  returned: with O(wait=true)
  type: dict
  sample: {"outcome": "complete", "waited": 41.02}
errors:
  description: Why the work order cannot run, as reported by the server.
  returned: when a work order was created
  type: list
  elements: str
  sample: []
error:
  description: The server's error object.
  returned: failure
  type: dict
  sample: {"Model": "work_orders", "Key": "", "Type": "CREATE", "Messages": ["Invalid"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.runner.order_template import TARGETS_EXCLUDE_EACH_OTHER, TEMPLATE_SPEC
from ..module_utils.resources.runner.work_order import run
from ..module_utils.resources.waiting.waiting import WAIT_OPTIONS

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WAIT_OPTIONS,
        "state": {
            "type": "str",
            "choices": ["present", "cancelled", "restarted", "absent"],
            "default": "present",
        },
        "uuid": {"type": "str"},
        "reuse": {"type": "str", "choices": ["never", "active"], "default": "never"},
        **TEMPLATE_SPEC,
        "force": {"type": "bool", "default": False},
    },
    "mutually_exclusive": TARGETS_EXCLUDE_EACH_OTHER,
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
