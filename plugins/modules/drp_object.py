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
  - Creates, changes and removes one object, or many of mixed kinds in one task.
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
      - Entries of Params and Meta are merged by name, V(null) removes one.
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
      - With O(resources), go on with the other objects when one fails. The task then fails at its end.
      - Without it, objects that may refer to the failed one are not tried.
    type: bool
    default: false
  return_objects:
    description: With O(resources), put each whole object into its result.
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
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
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
    - One entry per object of O(resources), in the order given.
    - Its action is V(created), V(updated), V(deleted), V(unchanged), V(failed), or V(skipped) for one that
      was not tried.
  returned: with O(resources)
  type: list
  elements: dict
  sample:
    - {"kind": "profiles", "name": "rack-a", "key": "rack-a", "action": "created", "changed": true}
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

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.waiting import WAIT_OPTIONS

_STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WAIT_OPTIONS,
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
    "mutually_exclusive": [["kind", "resources"], ["spec", "resources"], ["id", "resources"]],
}


def main() -> None:
    run_module("drp_object", SPEC)


if __name__ == "__main__":
    main()
