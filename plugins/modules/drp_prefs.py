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
  - Sets what the server does by default, such as the stage and the boot environment of new machines.
  - Preferences that are not named are left as they are. Those that differ are written in one request.
  - What the server would refuse, or ignore, is found out before anything is written.
options:
  prefs:
    description: The preferences, by the names that the server has for them.
    type: dict
    suboptions:
      defaultStage:
        description: The stage of new machines.
        type: str
      defaultBootEnv:
        description:
          - The boot environment of new machines. One that is meant for unknown machines only is refused here,
            for the server would ignore it without a word.
        type: str
      unknownBootEnv:
        description: The boot environment of machines that the server does not know.
        type: str
      defaultWorkflow:
        description: The workflow of new machines; an empty text means none.
        type: str
      knownTokenTimeout:
        description: How many seconds the tokens in the boot files of known machines live.
        type: int
      unknownTokenTimeout:
        description: How many seconds the tokens in the boot files of unknown machines live.
        type: int
      logLevel: &level
        description:
          - From which level on messages are logged. V(0), V(1) and V(2) are old names of warn, info and
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
          - What tokens are sealed with, 32 bytes. Changing it ends all tokens of all users and machines.
        type: str
      systemGrantorSecret:
        description: What the tokens depend on that the server itself grants. Changing it ends those.
        type: str
  others:
    description:
      - Preferences that only newer servers have, by name. Their values become texts.
      - Names that the server does not list are refused.
    type: dict
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - Every user of the server may read all its preferences, with those that are secrets.
seealso:
  - module: digitalrebar.provision.drp_info
"""

EXAMPLES = r"""
- name: Have new machines discovered
  digitalrebar.provision.drp_prefs:
    prefs:
      unknownBootEnv: discovery
      defaultBootEnv: sledgehammer
      defaultStage: discover
      knownTokenTimeout: 7200

- name: End all tokens
  digitalrebar.provision.drp_prefs:
    prefs:
      baseTokenSecret: "{{ lookup('ansible.builtin.password', '/dev/null', length=32) }}"
"""

RETURN = r"""
prefs:
  description: All preferences as they are after the task, without those that are secrets.
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
