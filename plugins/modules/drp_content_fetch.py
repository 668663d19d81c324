#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_content_fetch
short_description: Export content packs from Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Exports a content pack from the server to a folder or a file, in the form in which it is written by hand.
    Members that the server computes or that have their default value are left out.
  - Writes nothing if O(dest) already contains the same content pack, whatever its formatting. Otherwise,
    writes and removes only the files of objects that differ, either all of them or none.
  - Folders have the layout of C(drpcli contents unbundle). If that layout would lose data, such as the slash
    in the ID of a template, the file contains the whole object.
options:
  name:
    description:
      - The name of the content pack. Built-in layers can be exported too. C(BackingStore), which contains
        the objects that were created by hand, contains secrets.
    type: str
    required: true
  dest:
    description:
      - The file or folder to export to, on the controller unless O(run_in=target).
      - A name that ends in C(.yaml), C(.yml) or C(.json) is a file, unless a folder of that name exists.
        Any other name is a folder.
      - A folder must be new or empty, or must contain a content pack. Files that are not part of a content
        pack are left unchanged.
    type: path
    required: true
  format:
    description: The format of the objects in a folder.
    type: str
    choices: [yaml, json]
    default: yaml
  layout:
    description:
      - How the metadata is written to a folder.
      - V(classic) writes one file for each field, C(._Name.meta) and so on. Every version of C(drpcli) reads
        it.
      - V(meta_yaml) writes C(meta.yaml) with all fields, and C(._Documentation.meta). C(drpcli) v4.9 and
        newer read it.
      - V(auto) keeps the layout of the folder, and is V(classic) for a new one.
    type: str
    choices: [auto, classic, meta_yaml]
    default: auto
  force:
    description: Replace a content pack with another name in O(dest).
    type: bool
    default: false
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_content
"""

EXAMPLES = r"""
- name: Export a content pack to a repository
  digitalrebar.provision.drp_content_fetch:
    name: site
    dest: "{{ playbook_dir }}/content"

- name: Back up all objects that were created by hand
  digitalrebar.provision.drp_content_fetch:
    name: BackingStore
    dest: /srv/backup/drp.yaml
"""

RETURN = r"""
action:
  description: The action taken on O(dest), V(created), V(updated) or V(unchanged).
  returned: success
  type: str
  sample: updated
name:
  description: The name of the content pack.
  returned: success
  type: str
  sample: site
dest:
  description: Where it was exported to.
  returned: success
  type: str
  sample: /home/me/drp/content
version:
  description: The version of the content pack. Empty if it has none.
  returned: success
  type: str
  sample: v1.0.0
counts:
  description: The number of objects in each section.
  returned: success
  type: dict
  sample: {"params": 12, "templates": 3}
written:
  description: Files that were written, relative to O(dest).
  returned: success
  type: list
  elements: str
  sample: ["params/site.color.yaml"]
removed:
  description: Files that were removed, relative to O(dest).
  returned: success
  type: list
  elements: str
  sample: []
error:
  description: The server's error object.
  returned: failure
  type: dict
  sample: {"Model": "contents", "Key": "site", "Type": "GET", "Messages": ["..."], "Code": 403}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.content.content_fetch import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "name": {"type": "str", "required": True},
        "dest": {"type": "path", "required": True},
        "format": {"type": "str", "choices": ["yaml", "json"], "default": "yaml"},
        "layout": {"type": "str", "choices": ["auto", "classic", "meta_yaml"], "default": "auto"},
        "force": {"type": "bool", "default": False},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
