#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_plugin_provider
short_description: Manage plugin providers in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Uploads the program of a plugin provider to the server, or removes a plugin provider. The server runs
    the program to learn which plugins it offers.
  - M(digitalrebar.provision.drp_object) creates the plugins themselves, with the kind V(plugins).
  - M(digitalrebar.provision.drp_info) lists plugin providers, with the kind V(plugin_providers).
options:
  state:
    description: Whether the plugin provider should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the plugin provider.
    type: str
    required: true
  src:
    description: The local file with the program, for the operating system and processor of the server.
    type: path
  version:
    description:
      - The version of the program at O(src). If the server has that version, nothing is uploaded.
      - By default, the program on the server is read and compared. Servers of version 3.12 do not hand it
        out; each run of the task then uploads it.
    type: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  idempotent:
    support: partial
    details:
      - Servers of version 3.12 require O(version).
seealso:
  - module: digitalrebar.provision.drp_object
  - module: digitalrebar.provision.drp_content
"""

EXAMPLES = r"""
- name: Upload a plugin provider
  digitalrebar.provision.drp_plugin_provider:
    name: ipmi
    src: plugins/ipmi.amd64.linux
    version: v4.8.0

- name: Remove it
  digitalrebar.provision.drp_plugin_provider:
    name: ipmi
    state: absent
"""

RETURN = r"""
plugin_provider:
  description: The plugin provider as the server has it.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "ipmi", "Version": "v4.8.0"}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
error:
  description: The server's error object.
  returned: failure
  type: dict
  sample: {"Model": "", "Key": "", "Type": "API ERROR", "Messages": ["Import plugin failed"], "Code": 400}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.files.plugin_provider import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "src": {"type": "path"},
        "version": {"type": "str"},
    },
    "required_if": [["state", "present", ["src"]]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
