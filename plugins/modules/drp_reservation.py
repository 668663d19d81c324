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
  - Creates, changes and removes reservations. A reservation keeps an address for one machine.
  - Options that are not set are left unchanged.
options:
  state:
    description: Whether the reservation should exist.
    type: str
    choices: [present, absent]
    default: present
  address:
    description: The address that is reserved.
    type: str
    required: true
  mac:
    description:
      - The MAC address of the machine, in any common notation. The server stores it as Token of the
        reservation.
      - Required for a new reservation. It cannot be changed later.
    type: str
  strategy:
    description: How machines are identified, V(MAC) by default. It cannot be changed later.
    type: str
  description:
    description: A description for users.
    type: str
  documentation:
    description: Longer documentation for users.
    type: str
  next_server:
    description: The address of the TFTP server. Overrides that of the subnet.
    type: str
  options:
    description:
      - The complete DHCP options of the reservation. They take precedence over those of the subnet.
      - Names and values are as in M(digitalrebar.provision.drp_subnet).
    type: dict
  subnet:
    description: The name of the subnet of the reservation. It cannot be changed later.
    type: str
  scoped:
    description: Whether the machine can have other reservations in other subnets. It cannot be changed later.
    type: bool
  duration:
    description: The lease time in seconds. V(0) uses the lease time of the subnet.
    type: int
  meta:
    description: Metadata, a dictionary of strings. V(null) removes an entry. Other entries are left
      unchanged.
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
- name: Reserve an address for a machine
  digitalrebar.provision.drp_reservation:
    address: 192.0.2.11
    mac: "52:54:00:12:34:56"
    description: web-1.example.com
    options:
      host-name: web-1

- name: Remove the reservation
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
  description: Why the reservation is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the reservation first, so that the change was planned
    again.
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
