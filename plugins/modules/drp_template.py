#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_template
short_description: Manage templates in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes templates, which are texts with expressions that tasks, stages and boot
    environments share.
  - Options that are not set are left unchanged.
options:
  # options, by make format
  state:
    description: Whether the template should exist.
    type: str
    choices: [present, absent]
    default: present
  id:
    description: The ID of the template, by which others refer to it. It may contain slashes.
    type: str
    required: true
  contents:
    description: The text of the template, in Go's template language.
    type: str
  start_delimiter:
    description: What begins an expression in the template, if not V({{). Requires a v4 server.
    type: str
  end_delimiter:
    description: What ends an expression in the template, if not V(}}). Requires a v4 server.
    type: str
  description:
    description: A short description for people.
    type: str
  meta:
    description:
      - Strings that the server keeps for others, such as V(icon) and V(color) for the web interface.
        V(null) removes an entry. Other entries are left unchanged.
    type: dict
  require_available:
    description:
      - Fail when the server has stored the template but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - Templates are written in Go's template language. In a playbook, C(!unsafe) keeps Ansible from
    evaluating them.
seealso:
  - module: digitalrebar.provision.drp_task
  - module: digitalrebar.provision.drp_bootenv
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a template
  digitalrebar.provision.drp_template:
    id: motd.tmpl
    description: The message of the day
    contents: !unsafe |
      {{.Machine.Name}} is in rack {{.Param "rack/name"}}

- name: Create a template from a file
  digitalrebar.provision.drp_template:
    id: kickstart.tmpl
    contents: "{{ lookup('ansible.builtin.file', 'kickstart.tmpl') }}"

- name: Remove a template
  digitalrebar.provision.drp_template:
    id: motd.tmpl
    state: absent
"""

RETURN = r"""
template:
  description:
    - The template as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"ID": "motd.tmpl", "Contents": "{{.Machine.Name}}", "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the template is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the template first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "templates", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("templates")}}
run = run_for("templates")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
