#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_tenant
short_description: Manage tenants in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes tenants, whose users see only the objects that are members of the
    tenant.
  - Options that are not set are left unchanged. Lists, and the members as a whole, are replaced.
options:
  # options, by make format
  state:
    description: Whether the tenant should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the tenant.
    type: str
    required: true
  members:
    description: The objects that the users of the tenant see, by kind.
    type: dict
  users:
    description: Names of the users of the tenant.
    type: list
    elements: str
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
      - Fail when the server has stored the tenant but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - Members are named by their keys. The key of a machine is its UUID.
  - A server may need a license for tenants.
seealso:
  - module: digitalrebar.provision.drp_user
  - module: digitalrebar.provision.drp_role
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a tenant with one user and the objects that the user sees
  digitalrebar.provision.drp_tenant:
    name: red-team
    users: [fred]
    members:
      machines: [3e7031fe-3062-45f1-835c-92541bc9cbd3]
      profiles: [rack-a]

- name: Remove a tenant
  digitalrebar.provision.drp_tenant:
    name: red-team
    state: absent
"""

RETURN = r"""
tenant:
  description:
    - The tenant as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "red-team", "Members": {"profiles": ["rack-a"]}, "Users": ["fred"], "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the tenant is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the tenant first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "tenants", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("tenants")}}
run = run_for("tenants")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
