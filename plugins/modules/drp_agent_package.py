#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_agent_package
short_description: Build the machine agent as one file
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Builds C(drp-agent), which runs the jobs of a machine, as one file that requires only Python.
  - Builds it from this collection and from the Python packages of the controller, or those in O(packages).
    Nothing is downloaded. The build is reproducible.
  - Runs on the controller only. C(async) and O(run_in=target) are not supported.
  - Sends no request to the server, but checks the connection options as all modules do.
options:
  dest:
    description: The file to write on the controller. An existing file is replaced if it differs.
    type: path
    required: true
  packages:
    description:
      - A folder with the packages, as C(pip install --target) fills it, instead of those of the controller.
      - Use it if the packages of the controller require a newer Python than the machines have.
    type: path
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
attributes:
  async:
    support: none
    details:
      - Only the controller has the sources of the agent.
"""

EXAMPLES = r"""
- name: Build the agent
  digitalrebar.provision.drp_agent_package:
    dest: /tmp/drp-agent
  delegate_to: localhost
  run_once: true
  register: package
"""

RETURN = r"""
dest:
  description: The file.
  returned: success
  type: str
  sample: /tmp/drp-agent
sha256:
  description: Its SHA-256.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
size:
  description: Its size in bytes.
  returned: success
  type: int
  sample: 638976
python:
  description: The oldest Python that runs it.
  returned: success
  type: str
  sample: "3.9"
versions:
  description: The packages in it.
  returned: success
  type: dict
  sample: {"requests": "2.32.5"}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.agent.agent_package import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "dest": {"type": "path", "required": True},
        "packages": {"type": "path"},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
