#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_token
short_description: Mint tokens of Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Has the server make a token with which others can work in the name of a user, or as a machine, for a
    while.
  - Set C(no_log=true) on the task. The token is in its result, where verbose output and callbacks would show
    it.
options:
  user:
    description: The user in whose name the token works. By default the one that the task logs in as.
    type: str
  machine:
    description:
      - The machine whose token to mint, by its name, its UUID, or as C(Index:value). Such a token is what its
        agent has.
      - Only servers from version 4 on can do this.
    type: str
  ttl:
    description: How many seconds the token lives.
    type: int
    default: 3600
  roles:
    description:
      - The roles of the user that the token has. Without it, the token can do all that the user can.
      - Only servers from version 4 on can do this. On others give a user of its own few rights instead.
    type: list
    elements: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  check_mode:
    details:
      - A token is minted in check mode too, so that the tasks that follow have one. Nothing on the server is
        changed by it.
  diff_mode:
    support: none
  idempotent:
    details:
      - Each run returns another token, but the server stores none of them, so that no change is reported.
notes:
  - A token ends before its time when the password of its user changes, or that of the user who had it minted.
seealso:
  - module: digitalrebar.provision.drp_user
"""

EXAMPLES = r"""
- name: A token for the next ten minutes
  digitalrebar.provision.drp_token:
    user: ansible
    ttl: 600
  no_log: true
  register: minted

- name: Work with it
  digitalrebar.provision.drp_info:
    token: "{{ minted.token }}"

- name: A token that may look and not touch (version 4)
  digitalrebar.provision.drp_token:
    user: ansible
    roles: [readonly]
  no_log: true
  register: reading
"""

RETURN = r"""
token:
  description: The token, a text to be kept secret.
  returned: success
  type: str
  sample: VGhpcyBpcyBubyB0b2tlbg
ttl:
  description: How many seconds it lives.
  returned: success
  type: int
  sample: 600
user:
  description: Whose token it is.
  returned: success, unless it is that of a machine
  type: str
  sample: ansible
machine:
  description: The machine whose token it is, as named in O(machine).
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
        "machine": {"type": "str"},
        "ttl": {"type": "int", "default": 3600},
        "roles": {"type": "list", "elements": "str"},
    },
    "mutually_exclusive": [["user", "machine"], ["machine", "roles"]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
