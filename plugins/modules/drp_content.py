#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_content
short_description: Manage content packs in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Uploads a content pack from a folder, a file or a web server. Replaces an existing content pack only if an
    object or the metadata differs. Order and values that the server fills in are ignored.
  - Checks for missing features and prerequisites, objects that belong to another layer, and removed objects
    that are still in use before anything is sent, also in check
    mode.
  - Folders must have the layout that C(drpcli contents bundle) reads.
options:
  state:
    description:
      - Whether the content pack should be on the server.
      - Built-in layers of the server can be neither replaced nor removed. The task fails, whereas the server
        would report success and do nothing.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the content pack. Required to remove a content pack without O(src) or O(content).
        Otherwise, the content pack must have this name.
    type: str
  src:
    description:
      - The location of the content pack. A folder, a YAML or JSON file, or the C(http) or C(https) URL of
        such a file.
      - Folders and files are read on the controller. Relative paths are searched like those
        of M(ansible.builtin.copy), below C(files) of the role or the play. With O(run_in=target), they are
        read on the target.
    type: str
  content:
    description:
      - The content pack, with the members C(meta) and C(sections). Mark strings with template
        expressions as C(!unsafe), or use a file and O(src).
    type: dict
  meta:
    description:
      - Metadata that overrides that of O(src) or O(content), such as a C(Version) set by the build. V(null)
        removes a field.
    type: dict
  checksum:
    description:
      - The SHA-256 that the file in O(src) must have, as V(sha256:<digits>) or only the digits.
    type: str
  duplicate_keys:
    description:
      - What to do when two files of the folder O(src) define an object of the same kind and key.
      - V(refuse) fails and names both files. V(last_file) uses the one whose file name sorts last, as
        C(drpcli contents bundle) does.
    type: str
    choices: [refuse, last_file]
    default: refuse
  download_validate_certs:
    description: Whether to verify the certificate of the web server in O(src).
    type: bool
    default: true
  download_ca_path:
    description:
      - File or folder with the CA certificates to trust for downloads, instead of those of the system.
        O(ca_path) applies only to the DRP server.
    type: path
  force:
    description:
      - Install the content pack even if prerequisites are missing, and remove objects even if machines,
        stages, workflows or other objects still use them. Those objects become unavailable.
    type: bool
    default: false
  replace_writable:
    description:
      - Replace objects that were created by hand by objects of the content pack with the same names. Servers
        of version 3.12 do not support this, and the task fails.
    type: bool
    default: false
  require_available:
    description:
      - Fail when the server has stored the content pack but reports that objects of it cannot be used, for
        example because a stage uses a task of a content pack that is not installed yet. Otherwise, the task
        issues a warning.
    type: bool
    default: false
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_content_fetch
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Upload the content pack of this repository, with the version of the build
  digitalrebar.provision.drp_content:
    src: "{{ playbook_dir }}/content"
    meta:
      Version: "{{ build_version }}"

- name: Install a released content pack
  digitalrebar.provision.drp_content:
    src: https://downloads.example.com/drp/task-library-v4.2.1.yaml
    checksum: sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    require_available: true

- name: Upload a content pack that is defined in the playbook
  digitalrebar.provision.drp_content:
    content:
      meta:
        Name: site
        Version: v1.0.0
      sections:
        templates:
          motd.tmpl:
            ID: motd.tmpl
            Contents: !unsafe "Welcome to {{.Machine.Name}}\n"

- name: Remove a content pack
  digitalrebar.provision.drp_content:
    name: site
    state: absent
"""

RETURN = r"""
action:
  description: What was done, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: updated
name:
  description: The name of the content pack.
  returned: success
  type: str
  sample: task-library
version:
  description: The version of the content pack after the task. Empty if it has none.
  returned: when O(state=present)
  type: str
  sample: v4.2.1
previous_version:
  description: The version that was replaced or removed.
  returned: when a pack was replaced or removed
  type: str
  sample: v4.2.0
counts:
  description: The number of objects in each section.
  returned: when O(state=present)
  type: dict
  sample: {"params": 65, "profiles": 6, "stages": 18, "workflows": 9}
errors:
  description:
    - Why objects of this pack cannot be used, as reported by the server. Checked after a write, and always
      with O(require_available=true). Problems of other content packs are not included.
  returned: when O(state=present)
  type: list
  elements: str
  sample: ["stage bootstrap-advanced: Task bootstrap-tools does not exist"]
error:
  description: The server's error object.
  returned: failure
  type: dict
  sample: {"Model": "contents", "Key": "site", "Type": "POST", "Messages": ["..."], "Code": 422}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.content.content import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "src": {"type": "str"},
        "content": {"type": "dict"},
        "meta": {"type": "dict"},
        "checksum": {"type": "str"},
        "duplicate_keys": {"type": "str", "choices": ["refuse", "last_file"], "default": "refuse"},
        "download_validate_certs": {"type": "bool", "default": True},
        "download_ca_path": {"type": "path"},
        "force": {"type": "bool", "default": False},
        "replace_writable": {"type": "bool", "default": False},
        "require_available": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [["src", "content"], ["checksum", "content"]],
    "required_one_of": [["src", "content", "name"]],
    "required_if": [["state", "present", ["src", "content"], True]],
}

LOCAL_FILES = ("src",)
"""Options that name files of the controller."""


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
