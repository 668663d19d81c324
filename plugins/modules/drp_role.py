#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_role
short_description: Manage roles in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes roles, which are named sets of permissions for users.
  - Options that are not set are left unchanged. The list of claims is replaced as a whole.
options:
  # options, by make format
  state:
    description: Whether the role should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the role.
    type: str
    required: true
  claims:
    description: What the role permits. Each claim names a kind, actions and objects.
    type: list
    elements: dict
    suboptions:
      scope:
        description:
          - The kinds that the claim covers, such as V(machines), separated by commas. V(*) means all.
        type: str
      action:
        description:
          - What may be done, such as V(get), V(list) or V(update:/Stage), separated by commas. V(*)
            means everything.
        type: str
      specific:
        description: The keys of the objects, separated by commas. V(*) means all.
        type: str
  description:
    description: A short description for people.
    type: str
  documentation:
    description: A longer description, in Markdown.
    type: str
  meta:
    description:
      - Strings that the server keeps for others, such as V(icon) and V(color) for the web interface.
        V(null) removes an entry. Other entries are left unchanged.
    type: dict
  require_available:
    description:
      - Fail when the server has stored the role but reports that it cannot be used, for example because
        it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - A server may need a license for roles other than its own.
seealso:
  - module: digitalrebar.provision.drp_user
  - module: digitalrebar.provision.drp_tenant
  - module: digitalrebar.provision.drp_token
"""

EXAMPLES = r"""
- name: Create a role that may only read
  digitalrebar.provision.drp_role:
    name: reader
    claims:
      - scope: "*"
        action: list,get
        specific: "*"

- name: Create a role that may set the workflow of machines
  digitalrebar.provision.drp_role:
    name: installer
    description: May install machines
    claims:
      - scope: machines
        action: list,get,update:/Workflow,update:/Runnable
        specific: "*"
      - scope: workflows,stages,jobs
        action: list,get
        specific: "*"

- name: Give it to a user
  digitalrebar.provision.drp_user:
    name: fred
    roles: [installer]

- name: Remove a role
  digitalrebar.provision.drp_role:
    name: reader
    state: absent
"""

RETURN = r"""
role:
  description:
    - The role as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "reader", "Claims": [{"scope": "*", "action": "get", "specific": "*"}], "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the role is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the role first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "roles", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("roles")}}
run = run_for("roles")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
