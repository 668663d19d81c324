#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_agent_token
short_description: Mint or revoke the token of a machine's agent
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Mints a token that can do no more than run the jobs of one machine, so that no secret of an administrator
    has to be on it.
  - A server from version 4 on mints tokens of machines. On v3.12, which gives such tokens only to the files
    that it renders, the machine gets a user C(drp-agent-<uuid>) without a password, and a role of that name
    with the same claims. That needs a licence for roles; without it, say with O(user) whose rights the agent
    is to have.
  - Set C(no_log=true) on the task. The token is in its result.
options:
  machine:
    description: The machine, by its name, its UUID, or as C(Index:value).
    type: str
    required: true
  user:
    description:
      - On servers before version 4, mint a token of this user, which can do all that the user can.
      - Other servers need no such thing, and it has no effect there.
    type: str
  ttl:
    description: How many seconds the token lives.
    type: int
    default: 31536000
  state:
    description:
      - V(present) mints a token.
      - V(absent) ends all tokens of the agent. On v3.12 the user and the role are deleted. On later servers
        the machine gets another secret, which ends its other tokens as well, such as those in boot files.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  check_mode:
    details:
      - RV(token) is empty when the user would have to be created first.
  idempotent:
    support: partial
    details:
      - Each run mints another token, which the server does not store, so that no change is reported for it.
      - To revoke on servers from version 4 on is a change each time.
notes:
  - A token ends before its time when the password of the user changes who had it minted.
seealso:
  - module: digitalrebar.provision.drp_token
"""

EXAMPLES = r"""
- name: A token for the agent of web-1
  digitalrebar.provision.drp_agent_token:
    machine: web-1.example.com
  no_log: true
  register: minted

- name: End all its tokens
  digitalrebar.provision.drp_agent_token:
    machine: web-1.example.com
    state: absent
"""

RETURN = r"""
token:
  description: The token, a text to be kept secret.
  returned: when O(state=present)
  type: str
  sample: VGhpcyBpcyBubyB0b2tlbg
ttl:
  description: How many seconds it lives.
  returned: when O(state=present)
  type: int
  sample: 31536000
machine:
  description: The UUID of the machine.
  returned: success
  type: str
  sample: 3e7031fe-5f8c-4a2c-9b6f-7a2f1d0e4c11
user:
  description: The user that stands for the machine.
  returned: when O(state=present), on servers before version 4
  type: str
  sample: drp-agent-3e7031fe-5f8c-4a2c-9b6f-7a2f1d0e4c11
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Requires: roles create"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.agent.agent_token import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "machine": {"type": "str", "required": True},
        "user": {"type": "str"},
        "ttl": {"type": "int", "default": 31536000},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
