#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_enrol
short_description: Find the machines of hosts, and create missing ones
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Finds the machine of each host on a Digital Rebar Provision server, by UUID, name, MAC address or serial
    number. Creates a machine for each host that has none.
  - Reads the machines once for all hosts. Pass all hosts of a play to one task, with C(run_once).
  - Never changes an existing machine. Use M(digitalrebar.provision.drp_machine) for that.
options:
  hosts:
    description: The hosts, with the data that identifies them.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: The name of the host in the result.
        type: str
        required: true
      uuid:
        description: The UUID of its machine. The machine must exist, and other data is ignored.
        type: str
      name:
        description: The name of its machine. Required to create a machine.
        type: str
      macs:
        description: Its MAC addresses. A machine matches if it has one of them.
        type: list
        elements: str
      serial:
        description: Its serial number. Placeholders of vendors, such as V(To Be Filled By O.E.M.), are
          ignored.
        type: str
      address:
        description: The IP address of the machine, if it is created.
        type: str
  create:
    description: Whether to create missing machines. If V(false), a host without a machine is an error.
    type: bool
    default: true
  serial_param:
    description: The param that contains the serial number of a machine.
    type: str
    default: inventory/SerialNumber
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.workers
notes:
  - The name, the MAC addresses and the serial number must match the same machine. If they match several
    machines, the task fails and changes nothing. The error names the machines.
seealso:
  - module: digitalrebar.provision.drp_machine
"""

EXAMPLES = r"""
- name: Find or create the machines of two hosts
  digitalrebar.provision.drp_enrol:
    hosts:
      - host: web-1
        name: web-1.example.com
        macs: ["52:54:00:12:34:56"]
        address: 192.0.2.11
      - host: web-2
        name: web-2.example.com
        serial: VMW-4711
  register: enrolled

- name: Set the description of one of the machines
  digitalrebar.provision.drp_machine:
    uuid: "{{ enrolled.machines['web-1'].uuid }}"
    description: Found or made by Ansible
"""

RETURN = r"""
machines:
  description: The machine of each host, and how it was found, by V(uuid), V(name), V(mac) or V(serial), or
    V(created).
  returned: success
  type: dict
  sample:
    web-1:
      uuid: 3e7031fe-5f8c-4a2c-9b6f-7a2f1d0e4c11
      name: web-1.example.com
      address: 192.0.2.11
      matched_by: name
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "machines", "Key": "", "Type": "POST", "Messages": ["Invalid"], "Code": 422}
"""

from ..module_utils.converge.workers import WORKERS_SPEC
from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.agent.enrolment import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        **WORKERS_SPEC,
        "hosts": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "host": {"type": "str", "required": True},
                "uuid": {"type": "str"},
                "name": {"type": "str"},
                "macs": {"type": "list", "elements": "str"},
                "serial": {"type": "str"},
                "address": {"type": "str"},
            },
        },
        "create": {"type": "bool", "default": True},
        "serial_param": {"type": "str", "default": "inventory/SerialNumber"},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
