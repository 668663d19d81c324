#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_blob
short_description: Manage files and ISO images on a Digital Rebar Provision server
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Uploads a local file or a string to the files or ISOs of the server, or removes a file from the server.
  - Uploads nothing if the server already has the same content. Verifies the uploaded file on the
    server.
  - Retries an upload whose connection is interrupted, up to three attempts. The server deletes the old
    file if an upload is interrupted. If the last attempt fails, the error tells whether the old file still
    exists.
options:
  state:
    description:
      - Whether the file should exist.
      - V(absent) also removes an empty folder.
    type: str
    choices: [present, absent]
    default: present
  kind:
    description:
      - Whether the file is one of the server's files or ISOs. ISOs have plain names. Files can be in folders,
        which are created as needed.
      - When an ISO is uploaded, the server unpacks it for every boot environment that refers to it. The
        server does not report if this fails. M(digitalrebar.provision.drp_bootenv) verifies it.
    type: str
    choices: [files, isos]
    default: files
  path:
    description: The name on the server, below its files or its ISOs.
    type: str
    required: true
  src:
    description:
      - The local file to upload. A relative path starts at the current directory of the process that runs the
        task; use C({{ playbook_dir }}) or C({{ role_path }}) to be independent of it.
    type: path
  content:
    description: The string to upload instead of a file.
    type: str
  checksum:
    description:
      - The SHA-256 that O(src) or O(content) must have, as V(sha256:<digits>) or only the digits. If it
        differs, the task fails before anything is sent.
    type: str
  decrypt:
    description:
      - Whether a file at O(src) that is encrypted by Ansible Vault is uploaded as clear text, as
        M(ansible.builtin.copy) does. V(false) uploads the encrypted text.
      - This needs the task to run in the controller process. As a module of its own (O(run_in=target) or
        C(async)) it has no vault password, and fails.
    type: bool
    default: true
  compare:
    description:
      - How to determine whether the server already has the same content, if the sizes are equal.
      - V(content) compares checksums if the server provides them, as newer servers do. Servers of version
        3.12 do not. The remote file is then read and compared byte by byte, up to the first difference.
        For an unchanged file, this costs as much traffic as an upload.
      - V(size) compares only the sizes. Nothing is read, and B(a changed file of the same size is not
        uploaded). Use it for files whose names change with their content.
    type: str
    choices: [content, size]
    default: content
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_blob_fetch
  - module: digitalrebar.provision.drp_bootenv
"""

EXAMPLES = r"""
- name: Upload a script
  digitalrebar.provision.drp_blob:
    path: scripts/join.sh
    src: "{{ playbook_dir }}/files/join.sh"

- name: Upload an ISO and verify its checksum
  digitalrebar.provision.drp_blob:
    kind: isos
    path: CentOS-7-x86_64-Minimal-2009.iso
    src: /srv/isos/CentOS-7-x86_64-Minimal-2009.iso
    checksum: sha256:07b94e6b1a0b0260b94c83d6bb76b26bf7a310dc78d7a9c7432809fb9bc6194a

- name: Upload a large image whose name contains its version
  digitalrebar.provision.drp_blob:
    path: images/agent-4.2.1.tar.gz
    src: /srv/images/agent-4.2.1.tar.gz
    compare: size

- name: Remove it
  digitalrebar.provision.drp_blob:
    path: images/agent-4.2.0.tar.gz
    state: absent
"""

RETURN = r"""
blob:
  description: The file as it is on the server after the task; in check mode, as it would be.
  returned: when O(state=present)
  type: dict
  sample: {"kind": "files", "path": "scripts/join.sh", "size": 1480,
           "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
  contains:
    kind:
      description: V(files) or V(isos).
      type: str
      returned: always
    path:
      description: The name, without a leading slash.
      type: str
      returned: always
    size:
      description: The size in bytes.
      type: int
      returned: always
    sha256:
      description: The SHA-256 of the content.
      type: str
      returned: when O(compare=content), or with O(checksum)
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: created
compared_by:
  description:
    - How the contents were compared, by V(size), V(checksum) (of the server) or V(content) (byte by byte).
      Empty if there was nothing to compare.
  returned: success
  type: str
  sample: content
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "files", "Key": "/a/b", "Type": "DELETE", "Messages": ["Cannot delete"], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.files.blob import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "kind": {"type": "str", "choices": ["files", "isos"], "default": "files"},
        "path": {"type": "str", "required": True},
        "src": {"type": "path"},
        "content": {"type": "str"},
        "checksum": {"type": "str"},
        "decrypt": {"type": "bool", "default": True},
        "compare": {"type": "str", "choices": ["content", "size"], "default": "content"},
    },
    "mutually_exclusive": [["src", "content"]],
    "required_if": [["state", "present", ["src", "content"], True]],
}

LOCAL_FILES = ("src",)
"""Options that name files of the controller."""


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
