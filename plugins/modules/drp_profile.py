#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_profile
short_description: Manage profiles in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes profiles, which hold params that several machines share.
  - Options that are not set are left unchanged. Lists are replaced as a whole.
options:
  # options, by make format
  state:
    description: Whether the profile should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the profile. The params of the profile V(global) apply to all machines.
    type: str
    required: true
  params:
    description:
      - Params by name. Values keep their types. V(null) removes a param. Other params are left
        unchanged, unless O(purge_params) is set. For secure params see O(update_secure).
    type: dict
  profiles:
    description: Names of profiles whose params apply as well, in order of precedence. Requires a v4 server.
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
  purge_params:
    description: Remove all params that are not in O(params).
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored the profile but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.secure
seealso:
  - module: digitalrebar.provision.drp_machine
  - module: digitalrebar.provision.drp_param
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a profile
  digitalrebar.provision.drp_profile:
    name: rack-a
    description: The machines of rack A
    params:
      ntp-servers: [192.0.2.2]
      rack/name: a

- name: Change one param, and remove another
  digitalrebar.provision.drp_profile:
    name: rack-a
    params:
      rack/name: b
      ntp-servers: null

- name: Set a param for all machines
  digitalrebar.provision.drp_profile:
    name: global
    params:
      access-keys: {admin: "{{ admin_public_key }}"}

- name: Let a profile have exactly these params
  digitalrebar.provision.drp_profile:
    name: rack-a
    params: {rack/name: b}
    purge_params: true

- name: Remove a profile
  digitalrebar.provision.drp_profile:
    name: rack-a
    state: absent
"""

RETURN = r"""
profile:
  description:
    - The profile as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "rack-a", "Params": {"rack/name": "a"}, "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the profile is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the profile first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "profiles", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("profiles")}}
run = run_for("profiles")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
