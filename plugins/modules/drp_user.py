#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or
# https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_user
short_description: Manage users of Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes users, and sets their passwords.
  - Options that are not set are left unchanged.
options:
  state:
    description: Whether the user should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the user.
    type: str
    required: true
  description:
    description: A description for users.
    type: str
  roles:
    description: Names of the roles that the user has.
    type: list
    elements: str
  user_password:
    description:
      - The password of the user. Without a password, a new user cannot log in.
      - The module logs in with the password to check whether it is already set. This takes about 50 ms.
    type: str
  update_password:
    description:
      - When to set O(user_password).
      - V(always) sets it if it differs, V(on_create) only for new users.
    type: str
    choices: [always, on_create]
    default: always
  require_available:
    description:
      - Fail when the server has stored the user but reports a problem, such as a role that does not exist.
    type: bool
    default: true
  confirm:
    description:
      - Required to remove the very user that the task logs in as. The error names the value.
    type: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - A v3.12 server does not revoke the tokens of a deleted user, and a warning says so. They stay valid, with
    the rights of its roles, until they expire or a user of that name is created again. To revoke them at
    once, change the preference C(baseTokenSecret) with M(digitalrebar.provision.drp_prefs), which revokes the
    tokens of all users and machines.
  - A new password revokes all tokens of the user, and those that the user has granted to others.
  - A task can change the password of the user as which it logs in. Subsequent tasks require the new one,
    in O(password) or O(key). If the task logs in with O(token), this token may be revoked too.
seealso:
  - module: digitalrebar.provision.drp_token
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a user for playbooks
  digitalrebar.provision.drp_user:
    name: ansible
    description: Playbooks
    roles: [superuser]
    user_password: "{{ drp_ansible_password }}"

- name: Create a user who may change the password later
  digitalrebar.provision.drp_user:
    name: fred
    user_password: "{{ drp_first_password }}"
    update_password: on_create

- name: Remove a user
  digitalrebar.provision.drp_user:
    name: fred
    state: absent
"""

RETURN = r"""
user:
  description:
    - The user as the server has it after the task, without its secrets.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "fred", "Description": "", "Roles": ["superuser"], "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: The problems of the user, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the user first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "users", "Key": "!", "Type": "DELETE", "Messages": ["Not Found"], "Code": 404}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.user import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "roles": {"type": "list", "elements": "str"},
        "user_password": {"type": "str", "no_log": True},
        "update_password": {
            "type": "str",
            "choices": ["always", "on_create"],
            "default": "always",
            "no_log": False,
        },
        "require_available": {"type": "bool", "default": True},
        "confirm": {"type": "str"},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
