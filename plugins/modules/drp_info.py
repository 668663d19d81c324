#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_info
short_description: Get information about a Digital Rebar Provision server and its objects
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Reads objects of any kind, and information about the server. Changes nothing.
  - Secrets are left out, such as the password hashes of users and the encrypted values of secure params.
options:
  gather:
    description:
      - What to read. The default is V(objects) if O(kind) is set, otherwise V(server).
      - V(server) is information about the server, with its version and its features.
      - V(objects) are objects of O(kind), V(count) is their number.
      - V(indexes) are those that O(filters) and O(sort) can use, of O(kind) or of all kinds.
      - V(prefs) are the preferences of the server, V(logs) are the last 1000 lines of its log.
      - V(files) are the files that the server serves, V(isos) are its ISOs, with their sizes. The size of
        each costs one request.
      - V(render) is O(template) or O(template_text), expanded for the machine, cluster or resource broker
        O(name). V(connections) are the connections that the server has with its agents. V(whoami) is the
        machine that has O(hardware_addrs). V(upgrade) is the state of the last upgrade of the server. These
        require a v4 server.
    type: list
    elements: str
    choices: [server, objects, count, indexes, prefs, logs, files, isos, render, connections, whoami, upgrade]
  kind:
    description:
      - The kind of the objects as the API names it, such as V(machines) or V(subnets).
      - Kinds that plugins have registered are supported too.
    type: str
  sort:
    description:
      - Indexes to sort by, the most important one first. By default, objects are sorted by their keys.
    type: list
    elements: str
  reverse:
    description: Reverse the order.
    type: bool
    default: false
  limit:
    description: The maximum number of objects to read. By default, all.
    type: int
  offset:
    description: How many objects to skip at the beginning.
    type: int
  slim:
    description: Dictionaries to return empty, which saves time and traffic if there are many objects.
    type: list
    elements: str
    choices: [Meta, Params]
  params:
    description:
      - The names of the params to return of each object. Newer servers send only these params, which saves
        time and traffic.
    type: list
    elements: str
  fields:
    description: The members to return of each object, in any letter case. By default, all.
    type: list
    elements: str
  log_lines:
    description: How many of the last lines of the log to return. V(0) returns all lines.
    type: int
    default: 0
  folder:
    description: The folder to list when V(files) are gathered. By default, the top.
    type: str
  recurse:
    description: Whether V(files) are listed with those in folders below.
    type: bool
    default: true
  template:
    description: The ID of the template that V(render) expands.
    type: str
  template_text:
    description: The text that V(render) expands, with the expressions of templates.
    type: str
  hardware_addrs:
    description: MAC addresses by which V(whoami) finds a machine.
    type: list
    elements: str
  checksum:
    description:
      - Whether to return the SHA-256 of each file and ISO. Servers of version 3.12 have no checksums; the
        content is then read, which takes time and traffic.
    type: bool
    default: false
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
  - digitalrebar.provision.selection
attributes:
  diff_mode:
    support: none
notes:
  - If the credentials lack the claim to list a kind, the server returns an empty list instead of an error.
seealso:
  - module: digitalrebar.provision.drp_job_info
  - plugin: digitalrebar.provision.drp_object
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Get the features of the server
  digitalrebar.provision.drp_info:
  register: drp

- name: Fail if the server lacks a feature
  ansible.builtin.assert:
    that: "'secure-params' in drp.server.features"

- name: Get names and addresses of the machines that are being installed
  digitalrebar.provision.drp_info:
    kind: machines
    filters:
      Workflow: install-linux
      Runnable: true
    sort: [Name]
    fields: [Name, Address, CurrentTask]
  register: installing

- name: Get two machines by name, and the names that have no machine
  digitalrebar.provision.drp_info:
    kind: machines
    objects: [web-1.example.com, web-2.example.com]
  register: pair

- name: List the ISOs, with their checksums
  digitalrebar.provision.drp_info:
    gather: [isos]
    checksum: true

- name: Show what a template becomes for a machine
  digitalrebar.provision.drp_info:
    gather: [render]
    kind: machines
    name: web-1.example.com
    template: kickstart.tmpl

- name: Find the machine that has a MAC address
  digitalrebar.provision.drp_info:
    gather: [whoami]
    hardware_addrs: ["52:54:00:12:34:56"]

- name: Get the number of unavailable machines, the preferences, and the end of the log
  digitalrebar.provision.drp_info:
    gather: [count, prefs, logs]
    kind: machines
    filters:
      Available: false
    log_lines: 20
"""

RETURN = r"""
server:
  description: Information about the server.
  returned: when V(server) is gathered
  type: dict
  sample: {"version": "v3.12.0", "features": ["api-v3", "workflows"], "api_port": 8092, "prov_enabled": true}
objects:
  description: The objects, without their secrets.
  returned: when V(objects) is gathered
  type: list
  elements: dict
  sample: [{"Name": "web-1.example.com", "Address": "192.0.2.11", "CurrentTask": 3}]
missing:
  description: The values of O(name), O(id) and O(objects) for which no object exists.
  returned: when V(objects) is gathered by name
  type: list
  elements: str
  sample: []
count:
  description: The number of matching objects.
  returned: when V(count) is gathered
  type: int
  sample: 3
indexes:
  description: The indexes by kind and name.
  returned: when V(indexes) is gathered
  type: dict
  sample: {"profiles": {"Name": {"Type": "string", "Unique": true}}}
prefs:
  description: The preferences of the server, without its secrets.
  returned: when V(prefs) is gathered
  type: dict
  sample: {"defaultStage": "none", "defaultBootEnv": "local"}
logs:
  description: Lines of the server log, the oldest first.
  returned: when V(logs) is gathered
  type: list
  elements: dict
  sample: [{"Time": "2018-12-16T13:33:23.412Z", "Level": "warn", "Service": "frontend", "Message": "..."}]
files:
  description: The files, without their folders. Uploads that are running end in C(.part).
  returned: when V(files) is gathered
  type: list
  elements: dict
  sample: [{"path": "scripts/join.sh", "size": 1480, "modified": "Sun, 16 Dec 2018 13:33:23 GMT"}]
  contains:
    path:
      description: The path, as O(digitalrebar.provision.drp_blob#module:path) takes it.
      type: str
      returned: always
    size:
      description: The size in bytes.
      type: int
      returned: always
    modified:
      description: When it was changed last, as the server writes it; empty if it does not tell.
      type: str
      returned: always
    sha256:
      description: The SHA-256 of the content.
      type: str
      returned: with O(checksum=true), or when the server tells it
isos:
  description: The ISOs, with the same members.
  returned: when V(isos) is gathered
  type: list
  elements: dict
  sample: [{"path": "CentOS-7-x86_64-Minimal-2009.iso", "size": 1020264448, "modified": ""}]
rendered:
  description: The expanded template.
  returned: when V(render) is gathered
  type: str
  sample: "url --url http://192.0.2.1:8091/centos-7/install"
connections:
  description: The connections, as the server describes them.
  returned: when V(connections) is gathered
  type: list
  elements: dict
  sample: []
whoami:
  description: The UUID of the machine, empty if there is none, and a score that says how sure that is.
  returned: when V(whoami) is gathered
  type: dict
  sample: {"Uuid": "3e7031fe-3062-45f1-835c-92541bc9cbd3", "Score": 100}
upgrade:
  description: The profile in which the server keeps the state of its upgrade.
  returned: when V(upgrade) is gathered
  type: dict
  sample: {"Name": "upgrade-status", "Params": {}}
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Cannot access /api/v3/logs"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.info import run
from ..module_utils.resources.selection import SELECTION_SPEC

_GATHER_CHOICES = ["server", "objects", "count", "indexes", "prefs", "logs", "files", "isos"]
_GATHER_CHOICES += ["render", "connections", "whoami", "upgrade"]

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "gather": {"type": "list", "elements": "str", "choices": _GATHER_CHOICES},
        "kind": {"type": "str"},
        **SELECTION_SPEC,
        "sort": {"type": "list", "elements": "str"},
        "reverse": {"type": "bool", "default": False},
        "limit": {"type": "int"},
        "offset": {"type": "int"},
        "slim": {"type": "list", "elements": "str", "choices": ["Meta", "Params"]},
        "params": {"type": "list", "elements": "str"},
        "fields": {"type": "list", "elements": "str"},
        "log_lines": {"type": "int", "default": 0},
        "folder": {"type": "str"},
        "recurse": {"type": "bool", "default": True},
        "template": {"type": "str"},
        "template_text": {"type": "str"},
        "hardware_addrs": {"type": "list", "elements": "str"},
        "checksum": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [[*SELECTION_SPEC]],
    "required_by": {name: ["kind"] for name in SELECTION_SPEC},
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
