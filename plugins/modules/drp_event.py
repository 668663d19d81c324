#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_event
short_description: Post an event on a Digital Rebar Provision server
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Sends an event to all listeners of the server, for example to a rulebook of Event-Driven
    Ansible.
  - The server adds the time and the name of the user.
  - Always reports a change, because each run posts an event.
options:
  kind:
    description:
      - The Type of the event, a kind of objects or a custom word.
    type: str
    required: true
  action:
    description: The Action of the event.
    type: str
    required: true
  id:
    description: The Key of the event, which identifies the object.
    type: str
    required: true
  object:
    description: The Object of the event, with data of any type.
    type: raw
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  diff_mode:
    support: none
  idempotent:
    support: none
seealso:
  - module: digitalrebar.provision.drp_wait
"""

EXAMPLES = r"""
- name: Report that a rack has been cabled
  digitalrebar.provision.drp_event:
    kind: racks
    action: cabled
    id: rack-a
    object:
      by: "{{ ansible_user | default('somebody') }}"
      ports: 48
"""

RETURN = r"""
event:
  description: The event, without the members that the server adds.
  returned: success
  type: dict
  sample: {"Type": "racks", "Action": "cabled", "Key": "rack-a", "Object": {"ports": 48}}
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Requires: events post *"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.event import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "kind": {"type": "str", "required": True},
        "action": {"type": "str", "required": True},
        "id": {"type": "str", "required": True},
        "object": {"type": "raw"},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
