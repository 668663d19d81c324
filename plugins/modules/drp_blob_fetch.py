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
  - Downloads a file or an ISO from the server to a local file.
  - Downloads to a hidden file beside O(dest), which replaces O(dest) when it is complete and its checksum
    is correct. An interrupted download is resumed by this task or by a later one.
options:
  kind:
    description: Whether the file is one of the server's files or ISOs.
    type: str
    choices: [files, isos]
    default: files
  path:
    description: The name on the server, below its files or its ISOs.
    type: str
    required: true
  dest:
    description: The local file, or a folder. In a folder, the file gets its name on the server.
    type: path
    required: true
  checksum:
    description:
      - The SHA-256 that the file must have, as V(sha256:<digits>) or only the digits. If O(dest) has it
        already, no request is sent. A download with another checksum is discarded, and the task
        fails.
    type: str
  compare:
    description:
      - How to determine whether O(dest) is already the same, if the sizes are equal and O(checksum) is not
        set.
      - V(content) compares checksums if the server provides them, as newer servers do. Servers of version
        3.12 do not. The remote file is then read and compared byte by byte, up to the first difference.
        For an unchanged file, this costs as much traffic as a download.
      - V(size) compares only the sizes. Nothing is read, and B(a changed file of the same size is not
        fetched).
    type: str
    choices: [content, size]
    default: content
  mode:
    description:
      - The permissions of O(dest) as an octal number, such as V("0644"). By default, a new file gets the
        default permissions of the user, and an existing file keeps its permissions.
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

- name: Fetch an image and verify its checksum
  digitalrebar.provision.drp_blob_fetch:
    path: images/agent-4.2.1.tar.gz
    dest: /srv/images/agent-4.2.1.tar.gz
    checksum: sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    mode: "0644"
"""

RETURN = r"""
file:
  description: The local file after the task. In check mode, what is known before the download.
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
    - How the contents were compared, by V(size), V(checksum) or V(content) (byte by byte). Empty if there
      was nothing to compare.
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
