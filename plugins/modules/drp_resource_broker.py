#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_resource_broker
short_description: Manage resource brokers in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes resource brokers, and moves them between workflows. A resource broker runs
    the tasks that create and remove the machines of clusters.
  - The options are those of M(digitalrebar.provision.drp_machine), as far as they apply.
  - Writes only what differs. Options that are not set are left unchanged.
  - Requires a v4 server.
requirements:
  - websocket-client, for O(wait=true)
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.secure
  - digitalrebar.provision.runner
  - digitalrebar.provision.waiting
  - digitalrebar.provision.waiting.modules
seealso:
  - module: digitalrebar.provision.drp_machine
  - module: digitalrebar.provision.drp_work_order
  - module: digitalrebar.provision.drp_wait
"""

EXAMPLES = r"""
- name: Create a resource broker, and wait until its workflow is complete
  digitalrebar.provision.drp_resource_broker:
    name: web
    workflow: universal-start
    params:
      example/size: 3
    wait: true
    wait_timeout: 5400

- name: Set a param that all its members share
  digitalrebar.provision.drp_resource_broker:
    name: web
    group_params:
      dns-domain: example.com

- name: Let it run work orders
  digitalrebar.provision.drp_resource_broker:
    name: web
    work_order_mode: true

- name: Have it clean up, and wait until it is gone
  digitalrebar.provision.drp_resource_broker:
    name: web
    state: absent
    cleanup: true
    wait: true
"""

RETURN = r"""
resource_broker:
  description:
    - The resource broker as the server has it after the task, without its Secret.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "web", "Uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "Available": true}
group_params:
  description: The params that its members share.
  returned: with O(group_params)
  type: dict
  sample: {"dns-domain": "example.com"}
action:
  description:
    - What was done, V(created), V(updated), V(deleted) or V(unchanged).
    - V(started) with O(start=true). V(cleanup_started) if O(cleanup=true) has started a workflow, and the
      task has not waited for its end.
  returned: success
  type: str
  sample: created
errors:
  description: Why the resource broker is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed it first, so that the change was planned again.
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
  sample: {"Model": "resource_brokers", "Key": "web", "Type": "GET", "Messages": ["Not Found"], "Code": 404}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.machine import run_resource_broker as run
from ..module_utils.resources.runner.options import RUNNER_RULES, RUNNER_SPEC
from ..module_utils.resources.waiting.waiting import WAIT_OPTIONS

SPEC = {
    "argument_spec": {**CONNECTION_SPEC, **WAIT_OPTIONS, **RUNNER_SPEC},
    **RUNNER_RULES,
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
