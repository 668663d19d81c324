#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_prefs
short_description: Set preferences of a Digital Rebar Provision server
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Sets preferences of the server, such as the default stage and boot environment of new machines.
  - Preferences that are not set are left unchanged. Preferences that differ are written in one request.
  - Detects values that the server would refuse or ignore before anything is written.
options:
  prefs:
    description: The preferences, by the names that the server uses.
    type: dict
    suboptions:
      defaultStage:
        description: The stage of new machines.
        type: str
      defaultBootEnv:
        description:
          - The boot environment of new machines. A boot environment for unknown machines only is refused,
            because the server would ignore it silently.
        type: str
      unknownBootEnv:
        description: The boot environment of machines that the server does not know.
        type: str
      defaultWorkflow:
        description: The workflow of new machines. An empty string means none.
        type: str
      knownTokenTimeout:
        description: Lifetime of the tokens in the boot files of known machines, in seconds.
        type: int
      unknownTokenTimeout:
        description: Lifetime of the tokens in the boot files of unknown machines, in seconds.
        type: int
      logLevel: &level
        description:
          - The lowest level of messages to log. V(0), V(1) and V(2) are old names of warn, info and
            debug.
        type: str
        choices: [trace, debug, info, warn, error, panic, fatal, '0', '1', '2']
      debugBootEnv: *level
      debugDhcp: *level
      debugFrontend: *level
      debugPlugins: *level
      debugRenderer: *level
      baseTokenSecret:
        description:
          - The secret with which tokens are encrypted, 32 bytes. Changing it revokes all tokens of all
            users and machines.
        type: str
      systemGrantorSecret:
        description: The secret of the tokens that the server itself grants. Changing it revokes them.
        type: str
  others:
    description:
      - Preferences that only newer servers have, by name. Values are converted to strings.
      - The task fails if the server does not list a name.
    type: dict
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - Every user of the server can read all preferences, including secret ones.
seealso:
  - module: digitalrebar.provision.drp_info
"""

EXAMPLES = r"""
- name: Discover new machines
  digitalrebar.provision.drp_prefs:
    prefs:
      unknownBootEnv: discovery
      defaultBootEnv: sledgehammer
      defaultStage: discover
      knownTokenTimeout: 7200

- name: Revoke all tokens
  digitalrebar.provision.drp_prefs:
    prefs:
      baseTokenSecret: "{{ lookup('ansible.builtin.password', '/dev/null', length=32) }}"
"""

RETURN = r"""
prefs:
  description: All preferences after the task, without secret ones.
  returned: success
  type: dict
  sample: {"defaultStage": "discover", "defaultBootEnv": "sledgehammer", "knownTokenTimeout": "7200"}
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "prefs", "Key": "", "Type": "POST", "Messages": ["Unknown Preference x"], "Code": 400}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.prefs import PREFS_SPEC, run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "prefs": {"type": "dict", "options": PREFS_SPEC},
        "others": {"type": "dict"},
    },
    "required_one_of": [["prefs", "others"]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
