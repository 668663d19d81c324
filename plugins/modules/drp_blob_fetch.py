#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_blob_fetch
short_description: Fetch files and ISO images from a Digital Rebar Provision server
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Makes a local file the same as a file or an ISO of the server.
  - The download goes to a hidden file beside O(dest), which replaces O(dest) once it is whole and its
    checksum holds. A download that broke off is continued where it stopped, by this task or by a later one.
options:
  kind:
    description: Which of the two the file belongs to.
    type: str
    choices: [files, isos]
    default: files
  path:
    description: The name on the server, below its files or its ISOs.
    type: str
    required: true
  dest:
    description: The local file; or a folder, in which the file then has the name it has on the server.
    type: path
    required: true
  checksum:
    description:
      - The SHA-256 that the file must have, as V(sha256:<digits>) or just the digits. Nothing is asked of the
        server when O(dest) has it already. A download that does not have it is thrown away, and the task
        fails.
    type: str
  compare:
    description:
      - What proves that O(dest) is the same already, once the sizes are equal and without a O(checksum).
      - V(content) compares the checksums where the server offers its own, as newer servers do. A server of
        version 3.12 has none; the remote file is then read and compared byte by byte, until the first
        difference. For a file that is unchanged this costs as much traffic as a download.
      - V(size) takes files of one size for the same. Nothing is read, and B(a changed file whose size is the
        same is not fetched).
    type: str
    choices: [content, size]
    default: content
  mode:
    description:
      - The permissions of O(dest) as an octal number, such as V("0644"). Without it, a new file gets the
        usual ones of the user, and an old file keeps its own.
    type: raw
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_blob
"""

EXAMPLES = r"""
- name: Fetch the report that a machine has uploaded
  digitalrebar.provision.drp_blob_fetch:
    path: reports/web-1.json
    dest: "{{ playbook_dir }}/reports/"

- name: Have the very image that was tested
  digitalrebar.provision.drp_blob_fetch:
    path: images/agent-4.2.1.tar.gz
    dest: /srv/images/agent-4.2.1.tar.gz
    checksum: sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    mode: "0644"
"""

RETURN = r"""
file:
  description: The local file after the task; in check mode, what is known of it beforehand.
  returned: success
  type: dict
  sample: {"size": 1480, "mode": "0644",
           "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
  contains:
    size:
      description: The size in bytes.
      type: int
      returned: always
    sha256:
      description: The SHA-256 of the content.
      type: str
      returned: when it is known
    mode:
      description: The permissions as an octal number.
      type: str
      returned: when they are known
dest:
  description: Where the file is.
  returned: success
  type: str
  sample: /srv/images/agent-4.2.1.tar.gz
action:
  description: What was done, V(created), V(updated) or V(unchanged).
  returned: success
  type: str
  sample: created
compared_by:
  description:
    - What decided whether to download, V(size), V(checksum) or V(content) (the bytes); empty when there was
      nothing to compare with.
  returned: success
  type: str
  sample: checksum
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Cannot access /api/v3/files/a"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.files.blob_fetch import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "kind": {"type": "str", "choices": ["files", "isos"], "default": "files"},
        "path": {"type": "str", "required": True},
        "dest": {"type": "path", "required": True},
        "checksum": {"type": "str"},
        "compare": {"type": "str", "choices": ["content", "size"], "default": "content"},
        "mode": {"type": "raw"},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
