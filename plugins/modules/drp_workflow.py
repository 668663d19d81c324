#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_workflow
short_description: Manage workflows in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes workflows, which are lists of stages that machines go through.
  - A change of a workflow does not change the task lists of machines that are in it already.
  - Options that are not set are left unchanged. Lists are replaced as a whole.
options:
  # options, by make format
  state:
    description: Whether the workflow should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the workflow.
    type: str
    required: true
  stages:
    description: Names of the stages, in the order in which machines go through them.
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
      - Fail when the server has stored the workflow but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_stage
  - module: digitalrebar.provision.drp_machine
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a workflow
  digitalrebar.provision.drp_workflow:
    name: install-debian
    description: Installs Debian and prepares it for Ansible
    stages: [discover, install-os, complete]

- name: Send a machine through it
  digitalrebar.provision.drp_machine:
    name: web-1.example.com
    workflow: install-debian
    runnable: true

- name: Remove a workflow
  digitalrebar.provision.drp_workflow:
    name: install-debian
    state: absent
"""

RETURN = r"""
workflow:
  description:
    - The workflow as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "install-debian", "Stages": ["discover", "install-os", "complete"], "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the workflow is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the workflow first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "workflows", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("workflows")}}
run = run_for("workflows")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
