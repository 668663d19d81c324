#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_subnet
short_description: Manage the DHCP subnets of Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes the subnets of the server's DHCP service.
  - Checks addresses and ranges before anything is sent.
  - Options that are not set are left unchanged.
options:
  state:
    description: Whether the subnet should exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the subnet.
    type: str
    required: true
  subnet:
    description: The network, such as V(192.0.2.0/24). Required for a new subnet. It cannot be changed later.
    type: str
  description:
    description: A description for users.
    type: str
  documentation:
    description: Longer documentation for users.
    type: str
  enabled:
    description: Whether the server assigns addresses in the subnet.
    type: bool
  proxy:
    description: Whether another DHCP server assigns the addresses, and this server only sends boot options.
    type: bool
  unmanaged:
    description: Whether the server ignores the machines of the subnet. Mutually exclusive with O(proxy).
    type: bool
  next_server:
    description: The address of the TFTP server. By default, the server itself.
    type: str
  active_start:
    description: The first address to assign. Required for a new subnet, unless O(only_reservations=true).
    type: str
  active_end:
    description: The last address to assign. Required like O(active_start).
    type: str
  active_lease_time:
    description: The lease time of an address in seconds, at least 60.
    type: int
  reserved_lease_time:
    description: The lease time of a reserved address in seconds, at least 7200.
    type: int
  only_reservations:
    description:
      - Assign addresses only to machines that have a reservation.
      - Without O(pickers), the pickers become V([none]), because a v3.12 server only evaluates the pickers.
        V(false) restores the default pickers.
    type: bool
  options:
    description:
      - The complete DHCP options of the subnet. Options that are not set are removed, except for 1 and 28
        (subnet-mask and broadcast-address), which the server fills in itself.
      - Names are those of RFC 2132, with dashes or underscores, such as V(routers) or V(domain-name-servers),
        or the codes of options. Values are strings, numbers, booleans, or lists of them.
      - Each value is stored in the form that the server can send, or refused. Lists of addresses are stored
        without spaces, booleans as V(1) and V(0). The server has no type for options such as
        V(domain-search), V(classless-static-routes), V(tftp-server-address) and
        V(vendor-encapsulated-options); these are stored as bytes. Write bytes as numbers (V([1, 4, 0, 0])) or
        in hexadecimal (V(01:04:00:00)), and text as C(string:text).
      - The server expands templates in the values.
    type: dict
  strategy:
    description: How machines are identified, V(MAC) by default. It cannot be changed later.
    type: str
  pickers:
    description: The methods to find a free address, in this order.
    type: list
    elements: str
    choices: [hint, nextFree, mostExpired, none]
  meta:
    description: Metadata, a dictionary of strings. V(null) removes an entry. Other entries are left
      unchanged.
    type: dict
  require_available:
    description: Fail when the server has stored the subnet but reports that it cannot be used.
    type: bool
    default: true
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_reservation
"""

EXAMPLES = r"""
- name: Create a subnet and serve it
  digitalrebar.provision.drp_subnet:
    name: rack-a
    subnet: 192.0.2.0/24
    active_start: 192.0.2.100
    active_end: 192.0.2.199
    enabled: true
    options:
      routers: 192.0.2.1
      domain-name-servers: [192.0.2.2, 192.0.2.3]
      domain-name: example.com
      67: "{% raw %}{{if (eq (index . 77) \"iPXE\")}}default.ipxe{{else}}ipxe.pxe{{end}}{% endraw %}"

- name: Disable the subnet
  digitalrebar.provision.drp_subnet:
    name: rack-a
    enabled: false
"""

RETURN = r"""
subnet:
  description:
    - The subnet as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "rack-a", "Subnet": "192.0.2.0/24", "Enabled": true, "Strategy": "MAC"}
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: updated
errors:
  description: Why the subnet is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed the subnet first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "subnets", "Key": "b", "Type": "DELETE", "Messages": ["Not Found"], "Code": 404}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.dhcp.subnet import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "subnet": {"type": "str"},
        "description": {"type": "str"},
        "documentation": {"type": "str"},
        "enabled": {"type": "bool"},
        "proxy": {"type": "bool"},
        "unmanaged": {"type": "bool"},
        "next_server": {"type": "str"},
        "active_start": {"type": "str"},
        "active_end": {"type": "str"},
        "active_lease_time": {"type": "int"},
        "reserved_lease_time": {"type": "int"},
        "only_reservations": {"type": "bool"},
        "options": {"type": "dict"},
        "strategy": {"type": "str"},
        "pickers": {
            "type": "list",
            "elements": "str",
            "choices": ["hint", "nextFree", "mostExpired", "none"],
        },
        "meta": {"type": "dict"},
        "require_available": {"type": "bool", "default": True},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
