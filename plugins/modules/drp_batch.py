#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_batch
short_description: Run batches of work orders in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates a batch, which runs one blueprint for many objects, and waits for its end if O(wait=true).
    Cancels, restarts and deletes batches.
  - A batch runs in three steps. The work order O(setup) creates the others, the work order O(work_order) is
    created for each object, and the work order O(post) ends the batch.
  - The work orders do not run on the objects themselves, but on what their C(machine) or C(server_filter)
    selects, such as a pool of workers. A param of the work order tells it its object.
  - Requires a v4 server.
  - A new run of the task creates another batch. There are two ways to avoid that. With O(uuid), there is only
    one batch of that UUID, however often the task runs. With O(reuse=active), no batch is created while one
    with the same work orders has not ended.
options:
  state:
    description:
      - V(present) creates a batch, unless O(uuid) or O(reuse) find one. One that exists is not changed.
      - V(cancelled) cancels the batch O(uuid), or all batches that have not ended and have the work orders in
        O(setup), O(work_order) and O(post). The setup and the last work order are cancelled too. The server
        decides about the other work orders.
      - V(restarted) has the server run the batch O(uuid) again. Servers refuse this for batches that have
        not ended.
      - V(absent) deletes the batch O(uuid).
    type: str
    choices: [present, cancelled, restarted, absent]
    default: present
  uuid:
    description:
      - The UUID of the batch. A new batch gets this UUID.
      - To run a batch once for a purpose, make the UUID of a text that names the purpose, with the filter
        P(ansible.builtin.to_uuid#filter).
    type: str
  reuse:
    description:
      - With V(active), a batch that has not ended and has the same work orders is used instead of a new one,
        and O(wait) waits for it.
      - With V(never), each run of the task without O(uuid) creates a batch.
    type: str
    choices: [never, active]
    default: never
  description:
    description: A description of the batch.
    type: str
  meta:
    description: Metadata of the batch, a dictionary of strings.
    type: dict
  select:
    description:
      - The objects for which work orders are created. These settings are given to the blueprint
        C(batch-run) of the content pack Batch Library, which must be on the server. For another blueprint
        in O(setup), set its params in O(setup) instead.
    type: dict
    suboptions:
      kind:
        description: The kind of the objects.
        type: str
        default: machines
      filter:
        description: The filter that selects them, in the form of the API, such as V(Params.rack=Eq(r12\)).
        type: str
      param:
        description: The param in which each work order gets its object.
        type: str
        required: true
      member:
        description: The member of the object that is the value of the param.
        type: str
        default: Uuid
      limit:
        description: The maximum number of work orders.
        type: int
      order:
        description: The order in which the objects come, in the form of the API, such as V(sort=Name).
        type: str
  setup:
    description:
      - The work order that creates the others. Required for a new batch, unless O(select) is set.
      - Without a machine, cluster, resource broker or filter, it runs where O(work_order) runs.
    type: dict
    suboptions: &template
      blueprint:
        description:
          - The name of the blueprint, whose tasks are run. With O(select), the default of the setup is
            V(batch-run).
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
            V(Pool=Eq(workers\)).
        type: str
      params:
        description:
          - Params of the work order, by name. Secure params cannot be set here, because the server has no
            key for them.
        type: dict
      profiles:
        description: Names of profiles for the work order, in order of precedence.
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
          - What the server does when a task fails, V(stop), V(pause), V(continue) or V(retry). Not all
            servers know it.
        type: str
      meta:
        description: Metadata of the work order, a dictionary of strings.
        type: dict
  work_order:
    description: The work order that is created for each object.
    type: dict
    suboptions: *template
  post:
    description:
      - The work order that ends the batch, for example with a report.
      - Without a machine, cluster, resource broker or filter, it runs where O(work_order) runs.
    type: dict
    suboptions: *template
  force:
    description: With O(state=absent), cancel the batch first if it has not ended.
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
        run of the task creates or restarts a batch.
seealso:
  - module: digitalrebar.provision.drp_work_order
  - module: digitalrebar.provision.drp_wait
"""

EXAMPLES = r"""
- name: Audit all machines of a rack on the workers, and wait for the end
  digitalrebar.provision.drp_batch:
    select:
      filter: Params.rack/name=Eq(r12)
      param: audit/machine-uuid
      limit: 500
    work_order:
      blueprint: audit-machine
      server_filter: Pool=Eq(workers)
    post:
      blueprint: audit-report
    wait: true
    wait_timeout: 7200

- name: The same once for each release, however often the playbook runs
  digitalrebar.provision.drp_batch:
    uuid: "{{ ('audit for ' ~ release) | to_uuid }}"
    select:
      param: audit/machine-uuid
    work_order:
      blueprint: audit-machine
      server_filter: Pool=Eq(workers)

- name: A setup of its own, unless that batch is going on already
  digitalrebar.provision.drp_batch:
    setup:
      blueprint: select-old-machines
      server_filter: Pool=Eq(workers)
      params:
        age/days: 365
    work_order:
      blueprint: audit-machine
      server_filter: Pool=Eq(workers)
    reuse: active

- name: Cancel all batches that audit machines
  digitalrebar.provision.drp_batch:
    work_order:
      blueprint: audit-machine
    state: cancelled
"""

RETURN = r"""
batch:
  description:
    - The batch as the server has it after the task. C(WorkOrderCounts) says how many of its work orders are
      in each state.
    - In check mode, as it would be sent.
  returned: when O(state=present) or O(state=restarted)
  type: dict
  sample:
    Uuid: 5ee5c0de-3062-45f1-835c-92541bc9cbd3
    State: finished
    WorkOrderCounts: {finished: 40}
cancelled:
  description: The UUIDs of the batches that were cancelled.
  returned: when O(state=cancelled)
  type: list
  elements: str
  sample: ["5ee5c0de-3062-45f1-835c-92541bc9cbd3"]
action:
  description: What was done, V(created), V(cancelled), V(restarted), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
wait:
  description:
    - The result of the wait, as returned by M(digitalrebar.provision.drp_wait). If the setup or the last work
      order has failed, it has the last lines of the log of the task that failed.
  returned: with O(wait=true)
  type: dict
  sample: {"outcome": "complete", "waited": 41.02}
errors:
  description: Why the batch cannot run, as reported by the server.
  returned: when a batch was created
  type: list
  elements: str
  sample: []
error:
  description: The server's error object.
  returned: failure
  type: dict
  sample: {"Model": "batches", "Key": "", "Type": "CREATE", "Messages": ["Invalid"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.runner.batch import BATCH_SPEC, run
from ..module_utils.resources.waiting.waiting import WAIT_OPTIONS

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WAIT_OPTIONS,
        **BATCH_SPEC,
        "state": {
            "type": "str",
            "choices": ["present", "cancelled", "restarted", "absent"],
            "default": "present",
        },
        "uuid": {"type": "str"},
        "reuse": {"type": "str", "choices": ["never", "active"], "default": "never"},
        "force": {"type": "bool", "default": False},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
