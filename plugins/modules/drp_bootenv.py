#!/usr/bin/python
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drp_bootenv
short_description: Manage boot environments, their templates and their ISOs in Digital Rebar Provision
version_added: 1.0.0
author: The digitalrebar.provision authors (@digitalrebar)
description:
  - Creates, changes and removes boot environments, from a definition in the playbook or from a file of a
    content pack with its templates. Can also manage the ISOs of an existing boot environment.
  - Uploads its ISOs to the server, from local files or from the web, one per architecture. Verifies size and
    checksum before an upload, and uploads nothing if the server already has the right ISO.
  - Verifies that the server has unpacked the ISOs. The server reports a boot environment as available without
    its ISO, and an upload as successful even if unpacking failed. Therefore, the module checks the boot
    tree on the static file port.
options:
  state:
    description: Whether the boot environment should exist. Templates and ISOs are never removed.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name. Without O(spec) and O(src), the module manages the ISOs of an existing boot environment, for
        example from a content pack.
    type: str
  spec:
    description:
      - The members of the boot environment, as the API names them. Members that are not set are left
        unchanged.
      - Templates of the server use braces, which Ansible would evaluate. Mark such strings with C(!unsafe),
        or use O(src).
    type: dict
  src:
    description:
      - A local file with the boot environment in YAML or JSON. Its templates are uploaded as well. If the
        file is in a folder C(bootenvs), as in a content pack, these are all files of the folder C(templates)
        beside it. Otherwise, they are the files beside O(src) that it refers to, and all other files there
        that end in C(.tmpl).
      - Members that the server does not know are left out, because the content may be written for a newer
        server.
    type: path
  templates:
    description: Templates to create or update before the boot environment. They take precedence over those
      found with O(src).
    type: list
    elements: dict
    suboptions:
      id:
        description: The ID. The default is the name of the file O(templates[].src).
        type: str
      src:
        description: A local file with the template.
        type: path
      contents:
        description: The content of the template.
        type: str
  isos:
    description:
      - Settings for the ISOs that the boot environment names. O(isos[].file) or O(isos[].arch) selects the
        ISO of an entry. Without them, it is the only ISO, or the ISO with the same name as the file in
        O(isos[].src) or O(isos[].url).
    type: list
    elements: dict
    suboptions:
      file:
        description: The file name of the ISO in the boot environment and on the server.
        type: str
      arch:
        description: The architecture, such as V(x86_64) or V(arm64).
        type: str
      src:
        description: The local file.
        type: path
      url:
        description: Where to download it.
        type: str
      sha256:
        description:
          - The SHA-256 that the ISO must have. If the boot environment has no checksum for the ISO and is
            not read-only, this checksum is added to it. The server then refuses a wrong ISO, and unpacks a
            changed one.
        type: str
  iso_dir:
    description:
      - A local folder with ISOs, named as in the boot environment. The ISOs found there are uploaded if
        needed.
      - Downloads are stored here, and resumed here after an interruption. Without it, they are stored in a
        temporary folder and removed afterwards.
    type: path
  arches:
    description: Manage only the ISOs of these architectures.
    type: list
    elements: str
  download:
    description: Download ISOs that have no other source from the URL in the boot environment.
    type: bool
    default: false
  download_validate_certs:
    description: Whether to verify the certificate of the web server from which an ISO is downloaded.
    type: bool
    default: true
  download_ca_path:
    description: File or folder with the CA certificates to trust for downloads, instead of those of the
      system.
    type: path
  compare:
    description:
      - How to determine whether the ISO on the server is the right one, if neither the checksum of the server
        nor the unpacked tree shows it. Servers of version 3.12 have no checksums. The tree contains
        the checksum of its ISO if the boot environment has one.
      - V(content) reads the ISO from the server and compares it with the local file or with the checksum.
      - V(size) compares the size with the local file. Without a local file, an ISO with the right name is
        accepted.
    type: str
    choices: [content, size]
    default: content
  verify:
    description:
      - Verify that the ISOs were unpacked, by reading files of the boot trees from the static file port of
        the server.
      - The port uses plain HTTP and must be reachable from the host that runs the task. If it is not, set
        this option to V(false). A failed unpacking is then not detected, and a replaced ISO may have no
        effect.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait until the server has unpacked an ISO.
    type: float
    default: 600
  require_available:
    description: Fail when the server has stored the boot environment but reports that it cannot be used.
    type: bool
    default: true
extends_documentation_fragment:
  - digitalrebar.provision.connection
  - digitalrebar.provision.attributes
notes:
  - If only the name and the URL of an ISO are known, any ISO of that name on the server is accepted. Set the
    checksum to prevent this.
seealso:
  - module: digitalrebar.provision.drp_blob
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Create a boot environment from a content pack, with its ISO from a mirror
  digitalrebar.provision.drp_bootenv:
    src: provision-content/content/bootenvs/centos-7.yml
    arches: [x86_64]
    isos:
      - url: https://mirror.example.com/isos/CentOS-7-x86_64-Minimal-2009.iso

- name: Upload the ISOs of an existing boot environment from a folder
  digitalrebar.provision.drp_bootenv:
    name: ubuntu-18.04-install
    iso_dir: /srv/isos

- name: Download the ISOs from the URL in the boot environment
  digitalrebar.provision.drp_bootenv:
    name: debian-10-install
    download: true
    iso_dir: /var/cache/isos

- name: Create a boot environment
  digitalrebar.provision.drp_bootenv:
    spec:
      Name: tools-install
      OS:
        Name: tools
        IsoFile: tools-1.4.iso
      Kernel: boot/vmlinuz
      Initrds: [boot/initrd.img]
      BootParams: !unsafe 'quiet {{.Param "kernel-console"}}'
      Templates:
        - Name: ipxe
          Path: !unsafe '{{.Machine.Address}}.ipxe'
          ID: tools-ipxe.tmpl
    templates:
      - src: files/tools-ipxe.tmpl
    isos:
      - src: /srv/isos/tools-1.4.iso
        sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824

- name: Remove it
  digitalrebar.provision.drp_bootenv:
    name: tools-install
    state: absent
"""

RETURN = r"""
bootenv:
  description:
    - The boot environment as the server has it after the task.
    - In check mode, as it would be sent.
  returned: when O(state=present)
  type: dict
  sample: {"Name": "tools-install", "Kernel": "boot/vmlinuz", "Available": true}
action:
  description: What was done to it, V(created), V(updated), V(deleted) or V(unchanged).
  returned: success
  type: str
  sample: updated
templates:
  description: What was done to each template.
  returned: when O(state=present)
  type: list
  elements: dict
  sample: [{"key": "tools-ipxe.tmpl", "action": "created"}]
isos:
  description: The ISOs of the boot environment, of all architectures or of those in O(arches).
  returned: when O(state=present)
  type: list
  elements: dict
  sample: [{"file": "tools-1.4.iso", "arches": ["amd64"], "action": "uploaded", "compared_by": "",
            "size": 378880, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "source": "/srv/isos/tools-1.4.iso", "verified": true}]
  contains:
    file:
      description: The name.
      type: str
      returned: always
    arches:
      description: The architectures that use it, as reported by the server.
      type: list
      elements: str
      returned: always
    action:
      description:
        - V(uploaded), V(replaced) if the server had another one, V(unpacked) if the ISO was right and only
          had to be unpacked, V(unchanged), V(missing) if the server does not have it and no source is set, or
          V(failed).
      type: str
      returned: always
    compared_by:
      description:
        - How the ISO on the server was compared, by V(checksum) (of the server), V(canary) (the checksum in
          the unpacked tree), V(content) (byte by byte), V(size) or V(name). Empty if there was nothing to
          compare.
      type: str
      returned: always
    size:
      description: The size in bytes. Null if it is not known.
      type: int
      returned: always
    sha256:
      description: The SHA-256 that it has, or must have. Empty if it is not known.
      type: str
      returned: always
    source:
      description: The local path or the URL from which it is uploaded, if it has to be.
      type: str
      returned: always
    verified:
      description: Whether the unpacked tree and its kernel were found.
      type: bool
      returned: always
errors:
  description: Why the boot environment is not usable, as reported by the server.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How many times another client changed it first, so that the change was planned again.
  returned: success
  type: int
  sample: 0
error:
  description: The server's error object.
  returned: when the server refused
  type: dict
  sample: {"Model": "bootenvs", "Key": "local", "Type": "PATCH", "Messages": ["local"], "Code": 400}
"""

from ..module_utils.module_main import main as run_module
from ..module_utils.options import CONNECTION_SPEC
from ..module_utils.resources.bootenv.bootenv import run

SPEC = {
    "argument_spec": {
        **CONNECTION_SPEC,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "spec": {"type": "dict"},
        "src": {"type": "path"},
        "templates": {
            "type": "list",
            "elements": "dict",
            "options": {"id": {"type": "str"}, "src": {"type": "path"}, "contents": {"type": "str"}},
            "mutually_exclusive": [["src", "contents"]],
            "required_one_of": [["src", "contents"], ["id", "src"]],
        },
        "isos": {
            "type": "list",
            "elements": "dict",
            "options": {
                "file": {"type": "str"},
                "arch": {"type": "str"},
                "src": {"type": "path"},
                "url": {"type": "str"},
                "sha256": {"type": "str"},
            },
            "mutually_exclusive": [["src", "url"]],
        },
        "iso_dir": {"type": "path"},
        "arches": {"type": "list", "elements": "str"},
        "download": {"type": "bool", "default": False},
        "download_validate_certs": {"type": "bool", "default": True},
        "download_ca_path": {"type": "path"},
        "compare": {"type": "str", "choices": ["content", "size"], "default": "content"},
        "verify": {"type": "bool", "default": True},
        "wait_timeout": {"type": "float", "default": 600},
        "require_available": {"type": "bool", "default": True},
    },
    "mutually_exclusive": [["spec", "src"]],
    "required_one_of": [["name", "spec", "src"]],
}

LOCAL_FILES = ("src", "iso_dir", ("isos", "src"), ("templates", "src"))
"""Options that name files of the controller."""


def main() -> None:
    run_module(run, SPEC)


if __name__ == "__main__":
    main()
