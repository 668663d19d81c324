#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_enrol
short_description: Find out which machines hosts are, and create those that are missing
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Finds the machine of a Digital Rebar Provision server that each host is, by UUID, name, network card or
    serial number, and creates a machine for each host that has none.
  - One list of the machines serves all hosts, so name all hosts of a play in one task, with C(run_once).
  - A machine that is there is never changed. Use M(digitalrebar.provision.drp_machine) for that.
options:
  hosts:
    description: The hosts, and what they say of themselves.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: What the host is called in the result.
        type: str
        required: true
      uuid:
        description: The UUID of its machine. There must be one, and nothing else is looked at.
        type: str
      name:
        description: The name of its machine, also of one that has to be created.
        type: str
      macs:
        description: Its hardware addresses. One that a machine has is enough.
        type: list
        elements: str
      serial:
        description: Its serial number. Fillers of vendors, such as V(To Be Filled By O.E.M.), count as none.
        type: str
      address:
        description: The IP address of a machine that has to be created.
        type: str
  create:
    description: Whether to create what is missing. Otherwise a host without a machine is an error.
    type: bool
    default: true
  serial_param:
    description: The param in which machines have their serial number.
    type: str
    default: inventory/SerialNumber
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - Name, cards and serial number must all lead to the same machine. When they lead to several, nothing is
    done and the error names them.
seealso:
  - module: digitalrebar.provision.drp_machine
"""

EXAMPLES = r"""
- name: Which machines are these hosts?
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

- name: Put one of them to work
  digitalrebar.provision.drp_machine:
    uuid: "{{ enrolled.machines['web-1'].uuid }}"
    description: Found or made by Ansible
"""

RETURN = r"""
machines:
  description: By host, its machine and what told it, V(uuid), V(name), V(mac), V(serial) or V(created).
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

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.agent.enrolment import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
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
