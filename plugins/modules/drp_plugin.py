#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_plugin
short_description: Manage plugins in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes plugins, which are configured instances of plugin providers.
  - Options that are not set are left unchanged.
options:
  # options, by make format
  state:
    description: Whether the plugin should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the plugin.
    type: str
    required: true
  provider:
    description: The plugin provider that runs it. Required for a new plugin.
    type: str
  params:
    description:
      - The configuration of the plugin, as params by name. Values keep their types. V(null) removes a
        param. Other params are left unchanged, unless O(purge_params) is set. For secure params see
        O(update_secure).
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
      - Fail when the server has stored the plugin but reports that it cannot be used, for example
        because it refers to something that does not exist.
    type: bool
    default: true
  # end of options
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.secure
notes:
  - Plugin providers are installed on the server with C(drpcli plugin_providers upload) or the web
    interface.
seealso:
  - module: digitalrebar.provision.drp_action
  - module: digitalrebar.provision.drp_event
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a plugin
  digitalrebar.provision.drp_plugin:
    name: slack
    provider: slack
    params:
      slack/channel: provisioning
      slack/webhook-url: "{{ slack_webhook_url }}"

- name: Change its configuration
  digitalrebar.provision.drp_plugin:
    name: slack
    params: {slack/channel: operations}

- name: Remove a plugin
  digitalrebar.provision.drp_plugin:
    name: slack
    state: absent
"""

RETURN = r"""
plugin:
  description:
    - The plugin as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "slack", "Provider": "slack", "Params": {"slack/channel": "operations"}, "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the plugin is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the plugin first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "plugins", "Key": "!", "Type": "POST", "Messages": ["Invalid Name"], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.kind_object import run_for
from ..module_utils.resources.kind_options import kind_options

SPEC = {"argument_spec": {**CONNECTION_SPEC, **kind_options("plugins")}}
run = run_for("plugins")


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
