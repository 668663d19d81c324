#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_job_info
short_description: Read jobs and their logs from Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Reads the jobs of a machine, the newest first, or one job, or the newest jobs of all machines.
  - Optionally reads more about the first job found. This is the end of its log, the whole log into a file,
    and the scripts of the job.
options:
  id:
    description: The UUID of one job.
    type: str
  machine:
    description:
      - The machine whose jobs to read, by its name, its UUID, or as C(Index:value).
      - Jobs are kept when their machine is deleted. Use the UUID to find them.
    type: str
  filters:
    description:
      - Only jobs that match, by index such as V(State), V(Task), V(Stage), V(Workflow), V(Archived) or
        V(Current).
      - "A value is compared for equality. A dictionary such as C({Ne:
        finished}) uses another operator of the server."
    type: dict
  count:
    description: The maximum number of jobs to read. V(0) reads all.
    type: int
    default: 10
  log_lines:
    description: How many lines from the end of the log of the first job to return.
    type: int
    default: 0
  dest:
    description:
      - A local file to which the whole log of the first job is written. In a folder, the file is named
        C(<UUID of the job>.log).
      - The file is replaced atomically, and left unchanged if it has the same content. A new file is readable
        only by its owner.
      - The module reports a change only if it writes this file. In check mode, nothing is
        written.
    type: path
  actions:
    description:
      - Whether to return the scripts and files of the first job. The server renders them on request, with the
        current params of the machine.
      - They may contain secrets.
    type: bool
    default: false
  os:
    description:
      - For O(actions), the operating system whose scripts to return, such as V(linux). By default, all.
    type: str
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  diff_mode:
    support: none
seealso:
  - module: digitalrebar.provision.drp_wait
  - module: digitalrebar.provision.drp_info
"""

EXAMPLES = r"""
- name: Get the failed job of a machine and the end of its log
  digitalrebar.provision.drp_job_info:
    machine: web-1.example.com
    filters:
      State: failed
    count: 1
    log_lines: 30
  register: failure

- name: Save the log of the last job
  digitalrebar.provision.drp_job_info:
    machine: web-1.example.com
    count: 1
    dest: /var/log/provisioning/web-1.log

- name: Get the scripts of a job
  digitalrebar.provision.drp_job_info:
    id: 5e1a4a5c-6f5c-4b43-8c3d-2f0b4bb5f6c8
    actions: true
    os: linux
  no_log: true
  register: scripts
"""

RETURN = r"""
jobs:
  description: The jobs, the newest first.
  returned: success
  type: list
  elements: dict
  sample: [{"Uuid": "5e1a4a5c-6f5c-4b43-8c3d-2f0b4bb5f6c8", "Task": "install", "State": "failed"}]
job:
  description: The first entry of RV(jobs).
  returned: when a job was found
  type: dict
  sample: {"Uuid": "5e1a4a5c-6f5c-4b43-8c3d-2f0b4bb5f6c8", "Task": "install", "State": "failed"}
log:
  description: The last lines of the log of RV(job). Very long lines are cut.
  returned: with O(log_lines), when there is a job
  type: list
  elements: str
  sample: ["+ mkfs.ext4 /dev/sda1", "/dev/sda1 is mounted; will not make a filesystem here!"]
actions:
  description: The scripts and files of RV(job), in order. Those with an empty Path are scripts.
  returned: with O(actions), when there is a job
  type: list
  elements: dict
  sample: [{"Name": "install.sh", "Path": "", "Content": "set -e", "Meta": {}}]
dest:
  description: The file that holds the log.
  returned: with O(dest)
  type: str
  sample: /var/log/provisioning/web-1.log
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Cannot access /api/v3/jobs"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.job_info import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "id": {"type": "str"},
        "machine": {"type": "str"},
        "filters": {"type": "dict"},
        "count": {"type": "int", "default": 10},
        "log_lines": {"type": "int", "default": 0},
        "dest": {"type": "path"},
        "actions": {"type": "bool", "default": False},
        "os": {"type": "str"},
    },
    "mutually_exclusive": [["id", "machine"], ["id", "filters"]],
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
