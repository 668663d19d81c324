#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_wait
short_description: Wait for objects in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Waits until one object or a set of objects has reached a state. Fails as soon as the state cannot be
    reached any more.
  - Receives changes as events, over one connection for all objects, instead of polling. The task ends a few
    milliseconds after the change. Lost connections and restarts of the server are handled.
  - With O(filters), waits for the objects that match when the wait begins. With O(count), objects that
    match later are included too.
  - Ends after O(timeout) seconds at the latest, and then reports what is missing.
  - In check mode, checks once and reports the state.
options:
  kind:
    description: The kind of the objects as the API names it.
    type: str
    default: machines
  until:
    description:
      - The conditions to wait for. All entries must be true, and all conditions within an entry.
      - Each entry is a predefined condition such as V(workflow_complete=true) or V(stage=complete), or
        compares the value at a path.
      - The same conditions are used in O(any_of), O(fail_when), and in the modules that can wait.
      - The default, if O(any_of) is not set either, is O(until[].workflow_complete=true) for machines,
        clusters and resource brokers, a State of V(finished) for jobs, work orders and batches, and
        O(until[].available=true) for all other kinds.
    type: list
    elements: dict
    suboptions:
      workflow_complete:
        description: Whether the machine has completed its task list, or has no tasks.
        type: bool
      stage:
        description: The name of the stage.
        type: str
      bootenv:
        description: The name of the boot environment.
        type: str
      workflow:
        description: The name of the workflow. An empty string means none.
        type: str
      runnable:
        description: Whether the machine is runnable.
        type: bool
      available:
        description: Whether the server reports the object as available.
        type: bool
      job_state:
        description:
          - States of the current job of the machine. The job must have one of them.
          - They are V(created), V(running), V(finished), V(failed) and V(incomplete).
        type: list
        elements: str
      job_failed:
        description:
          - Whether the machine has stopped because its current job failed.
          - A job that failed before the machine was made runnable again does not count.
        type: bool
      deleted:
        description: V(true) waits until the object is deleted. It must be the only condition.
        type: bool
      path:
        description:
          - The path to the value that the options below compare, as names separated by dots (V(OS.Name),
            V(Tasks.0)) or, for names that contain dots, as a JSON pointer (V(/Params/my.param)).
          - For a machine, V(Job) is its current job, as in V(Job.Task).
        type: str
      equals:
        description: The value that it must have. Types are significant. V(1) equals V(1.0), but the string
          V("true") is not V(true).
        type: raw
      not_equals:
        description: A value that it must not have. A missing value matches.
        type: raw
      in:
        description: Values, one of which it must have.
        type: list
        elements: raw
      contains:
        description: A value that must be in the list, or a name that must be in the dictionary.
        type: raw
      matches:
        description: A regular expression that must match anywhere in the string.
        type: str
      gt:
        description: A number or string that the value must exceed. Times in UTC can be compared as strings.
        type: raw
      gte:
        description: A number or string that the value must reach or exceed.
        type: raw
      lt:
        description: A number or string that the value must be below.
        type: raw
      lte:
        description: A number or string that the value must not exceed.
        type: raw
      exists:
        description: Whether there is a value, other than null.
        type: bool
      changed:
        description: V(true) waits until the value differs from its value at the beginning of the wait.
        type: bool
  count:
    description:
      - How many of the objects must reach the state. By default, all.
      - With O(filters), fewer objects may exist at first, for example when waiting for machines to be
        discovered.
    type: int
  percent:
    description: The percentage of the objects that must reach the state, rounded up.
    type: int
  timeout:
    description: How many seconds to wait. V(0) checks once.
    type: float
    default: 3600
requirements:
  - websocket-client
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.selection
  - digitalrebar.provision.waiting
attributes:
  diff_mode:
    support: none
seealso:
  - module: digitalrebar.provision.drp_machine
"""

EXAMPLES = r"""
- name: Wait until a machine has completed its workflow
  digitalrebar.provision.drp_wait:
    name: web-1.example.com
    timeout: 2700

- name: Wait for a stage, and fail if a job fails or the RAID is degraded
  digitalrebar.provision.drp_wait:
    name: web-1.example.com
    until: stage=complete
    fail_when:
      - job_failed: true
      - path: Params.raid/state
        in: [degraded, failed]

- name: Wait until nine of ten machines of a rack are installed
  digitalrebar.provision.drp_wait:
    filters: {rack/name: r12}
    percent: 90
    timeout: 5400

- name: Wait until twenty machines have been discovered and are stable for a minute
  digitalrebar.provision.drp_wait:
    filters: {Workflow: discover-base}
    count: 20
    until:
      - runnable: true
      - path: Address
        not_equals: ""
    stable_for: 60

- name: Wait until no machine with an address of this rack runs tasks
  digitalrebar.provision.drp_wait:
    filters:
      Address: {Between: [192.0.2.1, 192.0.2.63]}
    until: workflow_complete=true

- name: Wait until all work orders of a blueprint have finished
  digitalrebar.provision.drp_wait:
    kind: work_orders
    filters: {Blueprint: rotate-certificates}

- name: Wait until a profile is deleted
  digitalrebar.provision.drp_wait:
    kind: profiles
    name: maintenance
    until: deleted=true
"""

RETURN = r"""
outcome:
  description:
    - The outcome, V(complete), V(failed), V(deleted) or V(timeout). All but the first are failures.
    - In check mode V(pending) if it is not complete yet.
  returned: always
  type: str
  sample: complete
waited:
  description: How many seconds the task waited.
  returned: always
  type: float
  sample: 812.044
object:
  description: The last known state of the object, without its secrets.
  returned: for one object
  type: dict
  sample: {"Name": "web-1.example.com", "Stage": "complete"}
job:
  description: The current job of the machine, if a condition uses it.
  returned: for one machine
  type: dict
  sample: {"Task": "install", "Stage": "install-os", "State": "failed"}
log:
  description: The last lines of the log of the current job.
  returned: when waiting for one machine fails
  type: list
  elements: str
  sample: ["no disk found", "Command exited with status 1"]
complete:
  description: How many objects are complete.
  returned: for a set
  type: int
  sample: 18
failures:
  description: How many objects have failed or were deleted.
  returned: for a set
  type: int
  sample: 1
total:
  description: How many objects were waited for.
  returned: for a set
  type: int
  sample: 20
results:
  description:
    - The result of each object. The outcome is V(complete), V(failed), V(deleted) or V(pending), with
      the reason.
    - The first objects that failed also have the log of their job.
  returned: for a set
  type: list
  elements: dict
  sample:
    - {"name": "web-1.example.com", "outcome": "failed", "reason": "task install of stage install-os failed"}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.selection import SELECTION_SPEC
from ..module_utils.resources.waiting.waiting import WAIT_SPEC, run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WAIT_SPEC,
        "kind": {"type": "str", "default": "machines"},
        **SELECTION_SPEC,
        "count": {"type": "int"},
        "percent": {"type": "int"},
        "timeout": {"type": "float", "default": 3600},
    },
    "required_one_of": [[*SELECTION_SPEC]],
    "mutually_exclusive": [[*SELECTION_SPEC], ["count", "percent"]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
