#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or
# https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_agent_token
short_description: Mint or revoke the token of a machine's agent
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Mints a token that is limited to running the jobs of one machine. No administrator credentials have to be
    stored on the machine.
  - Servers of version 4 or later mint tokens for machines. On v3.12, the module creates a user
    C(drp-agent-<uuid>) and a role of the same name with the same claims. The user gets a random password,
    which is used once to ask for the token, and is not stored. This requires a licence for roles. Without a
    licence, set O(user) to the user whose rights the agent gets.
  - The module tests the token before it returns it.
  - Set C(no_log=true) on the task. Otherwise, the result shows the token.
options:
  machine:
    description: The machine, by its name, its UUID, or as C(Index:value).
    type: str
    required: true
  kind:
    description:
      - What O(machine) is. Clusters and resource brokers run tasks too, and require a server of version 4.
    type: str
    choices: [machines, clusters, resource_brokers]
    default: machines
  user:
    description:
      - On servers before version 4, mint a token of this user, with all rights of the user.
      - With O(state=absent), the user of the agent's token. No server revokes a single token, so that token
        stays valid, and a warning says so.
      - It has no effect on other servers.
    type: str
  user_password:
    description:
      - The password of O(user).
      - A v3.12 server accepts a token only if its user asked for it. The password is required unless the task
        logs in as O(user).
    type: str
  ttl:
    description: Lifetime of the token in seconds.
    type: int
    default: 31536000
  state:
    description:
      - V(present) mints a token.
      - V(absent) revokes all tokens of the agent. On v3.12, the user and the role are deleted; without the
        role, a token permits nothing. On later servers, the machine gets a new secret, which also revokes its
        other tokens, such as those in boot files.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  check_mode:
    details:
      - RV(token) is empty on v3.12, unless O(user) is given.
  idempotent:
    support: partial
    details:
      - Each run mints another token. The server does not store tokens, so no change is reported. On v3.12
        without O(user), it revokes the previous token, which is a change.
      - On servers of version 4 or later, O(state=absent) always reports a change.
notes:
  - A token expires early if the password of the user who minted it changes.
seealso:
  - module: digitalrebar.provision.drp_token
"""

EXAMPLES = r"""
- name: Mint a token for the agent of web-1
  digitalrebar.provision.drp_agent_token:
    machine: web-1.example.com
  no_log: true
  register: minted

- name: Mint a token with the rights of a user (v3.12 without a licence)
  digitalrebar.provision.drp_agent_token:
    machine: web-1.example.com
    user: agents
    user_password: "{{ vault_agents_password }}"
  no_log: true
  register: minted

- name: Mint a token for the agent of a cluster
  digitalrebar.provision.drp_agent_token:
    kind: clusters
    machine: web
  no_log: true
  register: minted

- name: Revoke all tokens of the agent
  digitalrebar.provision.drp_agent_token:
    machine: web-1.example.com
    state: absent
"""

RETURN = r"""
token:
  description: The token. Keep it secret.
  returned: when O(state=present)
  type: str
  sample: VGhpcyBpcyBubyB0b2tlbg
ttl:
  description: Lifetime of the token in seconds.
  returned: when O(state=present)
  type: int
  sample: 31536000
machine:
  description: The UUID of the machine.
  returned: success
  type: str
  sample: 3e7031fe-5f8c-4a2c-9b6f-7a2f1d0e4c11
user:
  description: The user that represents the machine.
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
        "kind": {
            "type": "str",
            "choices": ["machines", "clusters", "resource_brokers"],
            "default": "machines",
        },
        "user": {"type": "str"},
        "user_password": {"type": "str", "no_log": True},
        "ttl": {"type": "int", "default": 31536000},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "required_by": {"user_password": "user"},
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
