#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_reservation
short_description: Manage DHCP reservations of Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes reservations, each of which keeps an address for one machine.
  - Options that are not given are left as they are.
options:
  state:
    description: Whether the reservation is to exist.
    type: str
    choices: [present, absent]
    default: present
  address:
    description: The address that is reserved.
    type: str
    required: true
  mac:
    description:
      - The MAC address that gets it, in any of the usual notations. The server calls it the Token of the
        reservation.
      - Needed for a new reservation; it cannot change later.
    type: str
  strategy:
    description: How machines are told apart, V(MAC) by default. It cannot change later.
    type: str
  description:
    description: A text for people.
    type: str
  documentation:
    description: A longer text for people.
    type: str
  next_server:
    description: The address of the TFTP server, instead of that of the subnet.
    type: str
  options:
    description:
      - The DHCP options of the reservation, all of them. They come before those of the subnet.
      - Names and values are as in M(digitalrebar.provision.drp_subnet).
    type: dict
  subnet:
    description: The name of the subnet that the reservation is for. It cannot change later.
    type: str
  scoped:
    description: Whether the machine may have other reservations in other subnets. It cannot change later.
    type: bool
  duration:
    description: For how many seconds the address is lent. V(0) takes the time from the subnet.
    type: int
  meta:
    description: Metadata, a map of texts; V(null) removes an entry. Other entries stay.
    type: dict
  require_available:
    description: Fail when the server has stored the reservation but reports that it cannot be used.
    type: bool
    default: true
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_subnet
"""

EXAMPLES = r"""
- name: Always the same address for one machine
  digitalrebar.provision.drp_reservation:
    address: 192.0.2.11
    mac: "52:54:00:12:34:56"
    description: web-1.example.com
    options:
      host-name: web-1

- name: Give it up
  digitalrebar.provision.drp_reservation:
    address: 192.0.2.11
    state: absent
"""

RETURN = r"""
reservation:
  description:
    - The reservation as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Addr": "192.0.2.11", "Token": "52:54:00:12:34:56", "Strategy": "MAC", "Available": true}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
errors:
  description: Why the reservation is not usable, in the server's words.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How often somebody else changed the reservation first, so that the change was planned anew.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Requires: reservations create"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.dhcp.reservation import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "address": {"type": "str", "required": True},
        "mac": {"type": "str"},
        "strategy": {"type": "str"},
        "description": {"type": "str"},
        "documentation": {"type": "str"},
        "next_server": {"type": "str"},
        "options": {"type": "dict"},
        "subnet": {"type": "str"},
        "scoped": {"type": "bool"},
        "duration": {"type": "int"},
        "meta": {"type": "dict"},
        "require_available": {"type": "bool", "default": True},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
