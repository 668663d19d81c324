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
  - Makes a folder or a file hold a content pack of the server, as a person would write it. What the server
    computes, and members that have their default value, are left out.
  - Nothing is written when the same pack is there already, in whatever words. Otherwise only the files of
    objects that differ are written and removed, all of them or none.
  - Folders have the layout of C(drpcli contents unbundle). Where that would lose something, such as the slash
    in the ID of a template, the file holds the whole object.
options:
  name:
    description:
      - The name of the content pack. Built-in layers can be exported too; C(BackingStore), which holds the
        objects that were made by hand, has secrets in it.
    type: str
    required: true
  dest:
    description:
      - Where to export to, on the controller unless O(run_in=target).
      - A name that ends in C(.yaml), C(.yml) or C(.json) is that of a file, unless there is such a folder.
        Any other name is that of a folder.
      - A folder must be new, empty, or that of a content pack. Whatever in it is no part of a pack stays.
    type: path
    required: true
  format:
    description: How objects are written into a folder.
    type: str
    choices: [yaml, json]
    default: yaml
  force:
    description: Let the pack take the place of one with another name in O(dest).
    type: bool
    default: false
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
seealso:
  - module: digitalrebar.provision.drp_content
"""

EXAMPLES = r"""
- name: Keep a content pack in a repository
  digitalrebar.provision.drp_content_fetch:
    name: site
    dest: "{{ playbook_dir }}/content"

- name: Back up everything that was made by hand
  digitalrebar.provision.drp_content_fetch:
    name: BackingStore
    dest: /srv/backup/drp.yaml
"""

RETURN = r"""
action:
  description: What was done with O(dest), V(created), V(updated) or V(unchanged).
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
  description: The version of the content pack; empty if it has none.
  returned: success
  type: str
  sample: v1.0.0
counts:
  description: How many objects there are in each section.
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
        "force": {"type": "bool", "default": False},
    },
}


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
