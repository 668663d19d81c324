#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_stage
short_description: Manage stages in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes stages, which are the steps of workflows.
  - Options that are not set are left unchanged. Lists are replaced as a whole.
options:
  # options, by make format
  state:
    description: Whether the stage should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the stage.
    type: str
    required: true
  bootenv:
    description: The boot environment of the stage. Empty to keep that of the machine.
    type: str
  required_params:
    description: Params that must be set before the stage can be used.
    type: list
    elements: str
  optional_params:
    description: Params that the stage uses if they are set.
    type: list
    elements: str
  output_params:
    description: Params that the stage sets. Requires a v4 server.
    type: list
    elements: str
  tasks:
    description:
      - Names of the tasks that machines in the stage run, in order. V(action:PLUGIN:COMMAND) runs an
        action of a plugin.
    type: list
    elements: str
  profiles:
    description: Names of profiles whose params apply to machines in the stage.
    type: list
    elements: str
  templates:
    description: Files that the server offers while a machine is in the stage.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name of the script or file, unique in the list.
        type: str
        required: true
      path:
        description: Where the file is written, as a template. A task runs what has no path as a script.
        type: str
      id:
        description: The ID of the template that has the text. Exclusive with an own text.
        type: str
      contents:
        description:
          - The text of the script or file, in Go's template language. Exclusive with the ID of a
            template.
        type: str
      meta:
        description: Strings about the script. V(OS) limits it to systems such as V(linux) or V(windows).
        type: dict
      link:
        description: The path of a file on the server that the path leads to. Requires a v4 server.
        type: str
      start_delimiter:
        description: What begins an expression in the text, if not V({{). Requires a v4 server.
        type: str
      end_delimiter:
        description: What ends an expression in the text, if not V(}}). Requires a v4 server.
        type: str
  reboot:
    description: Whether the machine reboots when it enters the stage.
    type: bool
  runner_wait:
    description: Not used any more. Always true.
    type: bool
  params:
    description:
      - Params for machines in the stage. Values keep their types. V(null) removes a param. Other params
        are left unchanged, unless O(purge_params) is set. For secure params see O(update_secure).
        Requires a v4 server.
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
  purge_params:
    description: Remove all params that are not in O(params).
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored the stage but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.secure
seealso:
  - module: digitalrebar.provision.drp_workflow
  - module: digitalrebar.provision.drp_task
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a stage with two tasks
  digitalrebar.provision.drp_stage:
    name: prepare
    tasks: [install-python, collect-inventory]

- name: Create a stage that installs an operating system
  digitalrebar.provision.drp_stage:
    name: install-os
    bootenv: debian-12-install
    profiles: [rack-a]

- name: Create a stage with a file that its machines download
  digitalrebar.provision.drp_stage:
    name: prepare
    templates:
      - name: answers
        path: !unsafe "{{.Machine.Path}}/answers"
        contents: !unsafe "name={{.Machine.Name}}"

- name: Remove a stage
  digitalrebar.provision.drp_stage:
    name: prepare
    state: absent
"""

RETURN = r"""
stage:
  description:
    - The stage as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "prepare", "Tasks": ["install-python"], "BootEnv": "", "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the stage is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the stage first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "stages", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("stages")}}
run = run_for("stages")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
