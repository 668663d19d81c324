#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or
# https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_token
short_description: Mint tokens of Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Mints a token that gives temporary access as a user or as a
    machine.
  - The module tests the token before it returns it.
  - Set C(no_log=true) on the task. Otherwise, verbose output and callbacks show the token in the
    result.
options:
  user:
    description: The user of the token. The default is the user as which the task logs in.
    type: str
  user_password:
    description:
      - The password of O(user).
      - A v3.12 server accepts a token only if its user asked for it. The password is required unless the task
        logs in as O(user).
    type: str
  machine:
    description:
      - The machine for which to mint a token, by its name, its UUID, or as C(Index:value). The agent of a
        machine uses such a token.
      - Requires a server of version 4 or later.
    type: str
  ttl:
    description: Lifetime of the token in seconds.
    type: int
    default: 3600
  roles:
    description:
      - The roles of the user that the token has. By default, the token has all rights of the user.
      - Requires a server of version 4 or later. On older servers, create a user with few rights instead.
    type: list
    elements: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  check_mode:
    details:
      - A token is minted in check mode too, so that subsequent tasks can use it. This does not change the
        server.
  diff_mode:
    support: none
  idempotent:
    details:
      - Each run returns another token. The server does not store tokens, so no change is reported.
notes:
  - A token expires early if the password of its user, or of the user who minted it, changes.
seealso:
  - module: digitalrebar.provision.drp_user
"""

EXAMPLES = r"""
- name: Mint a token for ten minutes
  digitalrebar.provision.drp_token:
    ttl: 600
  no_log: true
  register: minted

- name: Use the token
  digitalrebar.provision.drp_info:
    token: "{{ minted.token }}"

- name: Mint a token for another user
  digitalrebar.provision.drp_token:
    user: ansible
    user_password: "{{ vault_ansible_password }}"
  no_log: true
  register: minted_for_ansible

- name: Mint a read-only token (version 4)
  digitalrebar.provision.drp_token:
    user: ansible
    roles: [readonly]
  no_log: true
  register: reading
"""

RETURN = r"""
token:
  description: The token. Keep it secret.
  returned: success
  type: str
  sample: VGhpcyBpcyBubyB0b2tlbg
ttl:
  description: Lifetime of the token in seconds.
  returned: success
  type: int
  sample: 600
user:
  description: The user of the token.
  returned: success, unless O(machine) is set
  type: str
  sample: ansible
machine:
  description: The machine of the token, as set in O(machine).
  returned: with O(machine)
  type: str
  sample: web-1.example.com
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Requires: users token fred"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.token import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "user": {"type": "str"},
        "user_password": {"type": "str", "no_log": True},
        "machine": {"type": "str"},
        "ttl": {"type": "int", "default": 3600},
        "roles": {"type": "list", "elements": "str"},
    },
    "mutually_exclusive": [["user", "machine"], ["machine", "roles"]],
    "required_by": {"user_password": "user"},
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
