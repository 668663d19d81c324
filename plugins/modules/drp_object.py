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
  - Creates, changes and removes one object, many of mixed kinds in one task, or all that match a filter.
  - Many are applied in order of reference (params before profiles before stages before workflows before
    machines), in parallel over one session; what is to be removed goes last, the other way round.
  - Only what differs is written, with patches that are refused when somebody else changed the same thing
    meanwhile; the change is then planned anew.
options:
  kind:
    description:
      - The kind as the API names it, such as V(profiles) or V(subnets).
      - Kinds that plugins registered count too.
    type: str
  spec:
    description:
      - The members of the object in the server's spelling (any letter case is accepted). Members that are
        not named are left as they are.
      - Entries of Params and Meta are merged by name, V(null) removes one. For secure params see
        O(update_secure).
      - Every other value counts as a whole.
    type: dict
  id:
    description: Finds the object by its key or by C(Index:value), when O(spec) does not hold the key.
    type: str
  state:
    description: Whether the object is to exist.
    type: str
    choices: [present, absent]
    default: present
  filters:
    description:
      - All objects of O(kind) that match, by index (such as V(Workflow)), by param, or by V(Meta.<key>), get
        O(spec), or are removed.
      - A value asks for equality, a map such as V({"Between":["a","b"]}) for more. A v4 server also knows
        C(In), C(Nin) and C(Re).
      - When more than one object would be deleted, or machine be re-imaged, O(max_targets) or O(confirm)
        must be given, except in check mode.
    type: dict
  resources:
    description: Many objects at once.
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
      - With O(resources) or O(filters), go on with the other objects when one fails. The task then fails at
        its end.
      - Without it, objects that may refer to the failed one are not tried.
    type: bool
    default: false
  return_objects:
    description: With O(resources) or O(filters), put each whole object into its result.
    type: bool
    default: false
  append_profiles:
    description: Add Profiles to those that are there, instead of replacing them.
    type: bool
    default: false
  purge_params:
    description: Remove all Params that are not named.
    type: bool
    default: false
  force:
    description:
      - Have the server skip the checks that it offers to skip; see M(digitalrebar.provision.drp_machine).
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored an object but reports that it cannot be used, for example because it
        refers to something that does not exist.
    type: bool
    default: true
requirements:
  - websocket-client, to wait
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.guard
  - digitalrebar.provision.secure
  - digitalrebar.provision.waiting
  - digitalrebar.provision.waiting.modules
seealso:
  - module: digitalrebar.provision.drp_wait
  - module: digitalrebar.provision.drp_machine
"""

EXAMPLES = r"""
- name: Define a param
  digitalrebar.provision.drp_object:
    kind: params
    spec:
      Name: rack/position
      Description: Where the machine stands
      Schema: {type: integer, minimum: 1}

- name: A profile and two machines that use it, in one task
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

- name: Remove the machines of a rack, but no more than it can hold
  digitalrebar.provision.drp_object:
    kind: machines
    filters: {rack/name: r12}
    state: absent
    max_targets: 40

- name: See which machines would be installed anew
  digitalrebar.provision.drp_object:
    kind: machines
    filters: {Stage: complete, os/release: "7"}
    spec: {Workflow: install-linux}
  check_mode: true
  register: plan

- name: Install just these
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
  description: Why the object is not usable, in the server's words.
  returned: with O(kind), when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How often somebody else changed the object first, so that the change was planned anew.
  returned: with O(kind)
  type: int
  sample: 0
results:
  description:
    - One entry per object of O(resources), in the order given, or per object that matches O(filters).
    - Its action is V(created), V(updated), V(deleted), V(unchanged), V(failed), or V(skipped) for one that
      was not tried.
  returned: with O(resources) or O(filters)
  type: list
  elements: dict
  sample:
    - {"kind": "profiles", "name": "rack-a", "key": "rack-a", "action": "created", "changed": true}
targets:
  description: What is deleted or re-imaged of what was there.
  returned: with O(resources) or O(filters), when there is any
  type: dict
  contains:
    deed:
      description: What is done to them, in a word.
      type: str
      sample: deletion
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
  description: How the waiting went, as M(digitalrebar.provision.drp_wait) returns it.
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
