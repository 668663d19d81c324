#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_task
short_description: Manage tasks in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes tasks, which consist of scripts and files that the agent of a machine
    runs and writes.
  - Options that are not set are left unchanged. Lists are replaced as a whole.
options:
  # options, by make format
  state:
    description: Whether the task should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the task.
    type: str
    required: true
  required_params:
    description: Params that must be set before the task can be used.
    type: list
    elements: str
  optional_params:
    description: Params that the task uses if they are set.
    type: list
    elements: str
  output_params:
    description: Params that the task sets. Requires a v4 server.
    type: list
    elements: str
  prerequisites:
    description: Tasks that must have run before this one. Requires a v4 server.
    type: list
    elements: str
  extra_roles:
    description: Roles whose claims the jobs of the task have too. Requires a v4 server.
    type: list
    elements: str
  templates:
    description: The scripts and files of the task, which run in this order.
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
  extra_claims:
    description: What the jobs of the task may do beyond what their machine may. Requires a v4 server.
    type: list
    elements: dict
    suboptions:
      scope:
        description:
          - The kinds that the claim covers, such as V(machines), separated by commas. V(*) means all.
        type: str
      action:
        description:
          - What may be done, such as V(get), V(list) or V(update:/Stage), separated by commas. V(*)
            means everything.
        type: str
      specific:
        description: The keys of the objects, separated by commas. V(*) means all.
        type: str
  extra_duration:
    description: For how many more seconds the token of the job is valid. Requires a v4 server.
    type: int
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
      - Fail when the server has stored the task but reports that it cannot be used, for example because
        it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_stage
  - module: digitalrebar.provision.drp_template
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a task with a script
  digitalrebar.provision.drp_task:
    name: install-python
    templates:
      - name: install
        contents: |
          #!/bin/sh
          apt-get install -y python3

- name: Create a task that writes a file from a template
  digitalrebar.provision.drp_task:
    name: write-motd
    description: Says which rack the machine is in
    required_params: [rack/name]
    templates:
      - name: motd
        path: /etc/motd
        id: motd.tmpl

- name: Create a task with a script from a file, for Linux only
  digitalrebar.provision.drp_task:
    name: collect-inventory
    templates:
      - name: collect
        contents: "{{ lookup('ansible.builtin.file', 'collect.sh') }}"
        meta: {OS: linux}

- name: Create a task whose jobs may read profiles (version 4)
  digitalrebar.provision.drp_task:
    name: read-profiles
    extra_claims:
      - scope: profiles
        action: list,get
        specific: "*"

- name: Remove a task
  digitalrebar.provision.drp_task:
    name: install-python
    state: absent
"""

RETURN = r"""
task:
  description:
    - The task as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "write-motd", "Templates": [{"Name": "motd", "Path": "/etc/motd", "ID": "motd.tmpl"}]}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the task is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the task first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "tasks", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("tasks")}}
run = run_for("tasks")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
