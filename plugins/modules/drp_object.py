#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_object
short_description: Manage objects of any kind in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes one object, many objects of different kinds in one task, or all objects
    that match a filter.
  - Applies many objects in the order of their references (params, profiles, stages, workflows, machines),
    in parallel over one session. Removes objects last, in the reverse order.
  - Writes only what differs, as patches. The server refuses a patch if another client has changed the same
    members meanwhile; the change is then planned again.
options:
  kind:
    description:
      - The kind as the API names it, such as V(profiles) or V(subnets).
      - Kinds that plugins have registered are supported too.
    type: str
  spec:
    description:
      - The members of the object, as the API names them (in any letter case). Members that are not set are
        left unchanged.
      - L(Kinds of objects,https://github.com/digitalrebar/ansible-collection-provision/blob/main/docs/kinds.md)
        lists the members of each kind, with their types and an example.
      - Entries of Params and Meta are merged by name. V(null) removes an entry. For secure params,
        see O(update_secure).
      - All other values are replaced as a whole.
    type: dict
  id:
    description: Identifies the object by its key or by C(Index:value), if O(spec) does not contain the key.
    type: str
  state:
    description: Whether the object should exist.
    type: str
    choices: [present, absent]
    default: present
  filters:
    description:
      - Applies O(spec) to all objects of O(kind) that match, or removes them. Filter names are an index (such
        as V(Workflow)), a param, or V(Meta.<key>).
      - A value is compared for equality. A dictionary such as V({"Between":["a","b"]}) uses another operator.
        A v4 server also supports C(In), C(Nin) and C(Re).
      - O(max_targets) or O(confirm) is required if more than one object would be deleted or more than one
        machine re-imaged, except in check mode.
    type: dict
  resources:
    description: Several objects, applied in one task.
    type: list
    elements: dict
    suboptions:
      kind:
        description: As O(kind).
        type: str
        required: true
      spec:
        description: As O(spec).
        type: dict
      id:
        description: As O(id).
        type: str
      state:
        description: As O(state).
        type: str
        choices: [present, absent]
        default: present
  continue_on_error:
    description:
      - With O(resources) or O(filters), continue with the other objects if one fails. The task fails at its
        end.
      - Otherwise, objects that may refer to the failed one are skipped.
    type: bool
    default: false
  return_objects:
    description: With O(resources) or O(filters), return each whole object in its result.
    type: bool
    default: false
  append_profiles:
    description: Add Profiles to those of the object instead of replacing them.
    type: bool
    default: false
  purge_params:
    description: Remove all Params that are not in O(spec).
    type: bool
    default: false
  force:
    description:
      - Skip checks of the server that can be skipped; see O(digitalrebar.provision.drp_machine#module:force).
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored an object but reports that it cannot be used, for example because it
        refers to something that does not exist.
    type: bool
    default: true
requirements:
  - websocket-client, for O(wait=true)
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.guard
  - digitalrebar.provision.secure
  - digitalrebar.provision.waiting
  - digitalrebar.provision.waiting.modules
  - digitalrebar.provision.workers
seealso:
  - module: digitalrebar.provision.drp_wait
  - module: digitalrebar.provision.drp_machine
  - name: Kinds of objects
    description: Every kind and every member, with type, meaning and example.
    link: https://github.com/digitalrebar/ansible-collection-provision/blob/main/docs/kinds.md
"""

EXAMPLES = r"""
- name: Define a param
  digitalrebar.provision.drp_object:
    kind: params
    spec:
      Name: rack/position
      Description: Where the machine stands
      Schema: {type: integer, minimum: 1}

- name: Create a template
  digitalrebar.provision.drp_object:
    kind: templates
    spec:
      ID: motd.tmpl
      Contents: !unsafe "{{.Machine.Name}} is in rack {{.Param \"rack/name\"}}"

- name: Create a task
  digitalrebar.provision.drp_object:
    kind: tasks
    spec:
      Name: write-motd
      RequiredParams: [rack/name]
      Templates:
        - {Name: motd, Path: /etc/motd, ID: motd.tmpl}

- name: Create a stage and a workflow
  digitalrebar.provision.drp_object:
    resources:
      - kind: stages
        spec: {Name: prepare, Tasks: [write-motd]}
      - kind: workflows
        spec: {Name: prepare-only, Stages: [prepare]}

- name: Create a boot environment
  digitalrebar.provision.drp_object:
    kind: bootenvs
    spec:
      Name: rescue
      OS: {Name: rescue}
      Kernel: vmlinuz
      Initrds: [initrd.img]
      BootParams: console=ttyS0
      Templates:
        - {Name: ipxe, Path: !unsafe "{{.Machine.Path}}/boot.ipxe", ID: default-ipxe.tmpl}

- name: Create a role and a user who has it
  digitalrebar.provision.drp_object:
    resources:
      - kind: roles
        spec:
          Name: reader
          Claims: [{scope: "*", action: "list,get", specific: "*"}]
      - kind: users
        spec: {Name: fred, Roles: [reader]}

- name: Create a tenant
  digitalrebar.provision.drp_object:
    kind: tenants
    spec: {Name: red-team, Users: [fred], Members: {profiles: [rack-a]}}

- name: Create a subnet and a reservation
  digitalrebar.provision.drp_object:
    resources:
      - kind: subnets
        spec:
          Name: rack-a
          Subnet: 192.0.2.0/24
          ActiveStart: 192.0.2.100
          ActiveEnd: 192.0.2.199
          Options: [{Code: 3, Value: 192.0.2.1}]
      - kind: reservations
        spec: {Addr: 192.0.2.11, Token: "52:54:00:12:34:56", Strategy: MAC}

- name: Create a plugin
  digitalrebar.provision.drp_object:
    kind: plugins
    spec: {Name: slack, Provider: slack, Params: {slack/channel: provisioning}}

- name: Create a pool (version 4)
  digitalrebar.provision.drp_object:
    kind: pools
    spec: {Id: web, Description: Machines for web servers}

- name: Create a context (version 4)
  digitalrebar.provision.drp_object:
    kind: contexts
    spec: {Name: ansible, Engine: docker-context, Image: drp-ansible}

- name: Create a profile and two machines that use it in one task
  digitalrebar.provision.drp_object:
    resources:
      - kind: machines
        spec: {Name: web-1.example.com, Profiles: [rack-a]}
      - kind: machines
        spec: {Name: web-2.example.com, Profiles: [rack-a]}
      - kind: profiles
        spec:
          Name: rack-a
          Params: {rack/position: 7}

- name: Remove the machines of a rack, at most 40
  digitalrebar.provision.drp_object:
    kind: machines
    filters: {rack/name: r12}
    state: absent
    max_targets: 40

- name: Show which machines would be reinstalled
  digitalrebar.provision.drp_object:
    kind: machines
    filters: {Stage: complete, os/release: "7"}
    spec: {Workflow: install-linux}
  check_mode: true
  register: plan

- name: Reinstall exactly these machines
  digitalrebar.provision.drp_object:
    kind: machines
    filters: {Stage: complete, os/release: "7"}
    spec: {Workflow: install-linux}
    confirm: "{{ plan.targets.confirm }}"

- name: Remove a profile
  digitalrebar.provision.drp_object:
    kind: profiles
    id: rack-b
    state: absent
"""

RETURN = r"""
object:
  description:
    - The object as the server has it after the task, without its secrets.
    - In check mode, as it would be sent.
  returned: with O(kind), when O(state=present)
  type: dict
  sample: {"Name": "rack-a", "Params": {"rack/position": 7}, "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: with O(kind)
  type: str
  sample: created
errors:
  description: Why the object is not usable, as reported by the server.
  returned: with O(kind), when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the object first, so that the change was planned again.
  returned: with O(kind)
  type: int
  sample: 0
results:
  description:
    - One entry per object of O(resources), in the order given, or per object that matches O(filters).
    - The action is V(created), V(updated), V(deleted), V(unchanged), V(failed) or
      V(skipped).
  returned: with O(resources) or O(filters)
  type: list
  elements: dict
  sample:
    - {"kind": "profiles", "name": "rack-a", "key": "rack-a", "action": "created", "changed": true}
targets:
  description: The existing objects that are deleted or re-imaged.
  returned: with O(resources) or O(filters), when there is any
  type: dict
  contains:
    deed:
      description: What the task does to them.
      type: str
      sample: deletion
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
  description: The result of the wait, as returned by M(digitalrebar.provision.drp_wait).
  returned: with O(wait=true)
  type: dict
  sample: {"outcome": "complete", "waited": 812.044}
error:
  description: The server's error object.
  returned: failure of a single object
  type: dict
  sample: {"Model": "profiles", "Key": "a", "Type": "ValidationError", "Messages": ["Invalid"], "Code": 422}
"""

from ..module_utils.converge.guard import GUARD_SPEC
from ..module_utils.converge.secure_params import UPDATE_SECURE
from ..module_utils.converge.workers import WORKERS_SPEC
from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.waiting.waiting import WAIT_OPTIONS

_STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}
from ..module_utils.resources.objects import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WAIT_OPTIONS,
        **GUARD_SPEC,
        **WORKERS_SPEC,
        "filters": {"type": "dict"},
        "update_secure": {"type": "str", "choices": list(UPDATE_SECURE), "default": UPDATE_SECURE[0]},
        "kind": {"type": "str"},
        "spec": {"type": "dict"},
        "id": {"type": "str"},
        "state": _STATE,
        "resources": {
            "type": "list",
            "elements": "dict",
            "options": {
                "kind": {"type": "str", "required": True},
                "spec": {"type": "dict"},
                "id": {"type": "str"},
                "state": _STATE,
            },
        },
        "continue_on_error": {"type": "bool", "default": False},
        "return_objects": {"type": "bool", "default": False},
        "append_profiles": {"type": "bool", "default": False},
        "purge_params": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "require_available": {"type": "bool", "default": True},
    },
    "required_one_of": [["kind", "resources"]],
    "mutually_exclusive": [
        ["kind", "resources"],
        ["spec", "resources"],
        ["id", "resources", "filters"],
    ],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
