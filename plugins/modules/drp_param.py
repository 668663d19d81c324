#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_param
short_description: Manage params in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes params, which define the type and the default of the values in
    machines, profiles and other objects.
  - The values themselves are set with the option C(params) of M(digitalrebar.provision.drp_profile) and
    M(digitalrebar.provision.drp_machine).
  - Options that are not set are left unchanged. The schema is replaced as a whole.
options:
  # options, by make format
  state:
    description: Whether the param should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the param. It may contain slashes.
    type: str
    required: true
  secure:
    description: Whether values are encrypted and never shown.
    type: bool
  schema:
    description:
      - The JSON Schema that values must match. Its V(default) is the value where the param is not set.
    type: dict
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
      - Fail when the server has stored the param but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_profile
  - module: digitalrebar.provision.drp_machine
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Define a param with a default
  digitalrebar.provision.drp_param:
    name: rack/position
    description: Where the machine stands
    schema:
      type: integer
      minimum: 1
      default: 1

- name: Define a param for secrets
  digitalrebar.provision.drp_param:
    name: ipmi/password
    secure: true
    schema: {type: string}

- name: Define a param with a few possible values
  digitalrebar.provision.drp_param:
    name: raid/level
    schema:
      type: string
      enum: [raid0, raid1, raid10]
    meta: {icon: disk outline, color: blue}

- name: Remove a param
  digitalrebar.provision.drp_param:
    name: rack/position
    state: absent
"""

RETURN = r"""
param:
  description:
    - The param as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "rack/position", "Secure": false, "Schema": {"type": "integer"}, "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the param is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the param first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "params", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("params")}}
run = run_for("params")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
