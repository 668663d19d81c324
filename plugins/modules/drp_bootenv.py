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
    content pack with the templates beside it; or takes one that is there.
  - Brings its ISOs to the server, from local files or from the web, one per architecture. Size and checksum
    are right before anything is uploaded, and nothing is uploaded when the right ISO is there.
  - Proves that the server has unpacked them. It reports a boot environment as available without its ISO, and
    an upload as successful although unpacking failed; only the boot tree on its static file port tells.
options:
  state:
    description: Whether the boot environment is to exist. Templates and ISOs stay in any case.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name. Alone, it takes a boot environment that is there, for example from a content pack, to manage
        its ISOs.
    type: str
  spec:
    description:
      - The boot environment in the server's own spelling. Members that are left out are left as they are.
      - It holds templates in the server's language, whose braces Ansible would take for its own; mark such
        texts with C(!unsafe), or use O(src).
    type: dict
  src:
    description:
      - A local file with the boot environment in YAML or JSON. Its templates are uploaded as well. They are
        looked for in the folder C(templates) beside the file's own when that is called C(bootenvs), as in a
        content pack, and there every file is one; otherwise they are looked for beside the file, where those
        it refers to and all others in C(.tmpl) count.
      - Members that the server does not know are left out, because content may be written for a newer one.
    type: path
  templates:
    description: Templates to create or update before the boot environment. They win over those beside O(src).
    type: list
    elements: dict
    suboptions:
      id:
        description: The ID; by default the name of the file O(templates[].src).
        type: str
      src:
        description: A local file with the template.
        type: path
      contents:
        description: The template itself.
        type: str
  isos:
    description:
      - What there is to say about the ISOs that the boot environment names. An entry is about the ISO that
        O(isos[].file) or O(isos[].arch) selects; without either about the only one, or the one that is called
        like the file it comes from.
    type: list
    elements: dict
    suboptions:
      file:
        description: The name in the boot environment, under which the server keeps the ISO.
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
          - The SHA-256 that it must have. Where the boot environment has none for it, this is written into
            it, unless it is read-only; the server then refuses a wrong ISO, and unpacks a changed one.
        type: str
  iso_dir:
    description:
      - A local folder with ISOs under the names in the boot environment. What is found there is uploaded if
        needed.
      - Downloads are kept here, and continued here after they broke off. Without it they go to the folder for
        temporary files, and away afterwards.
    type: path
  arches:
    description: Limits the work on ISOs to these architectures.
    type: list
    elements: str
  download:
    description: Download the ISOs that are not given otherwise from the URL that the boot environment has.
    type: bool
    default: false
  download_validate_certs:
    description: Whether to verify the certificate of the web server that an ISO comes from.
    type: bool
    default: true
  download_ca_path:
    description: The CA certificates to verify it with, instead of the system's.
    type: path
  compare:
    description:
      - What proves that the ISO on the server is the right one, when neither the server's own checksum nor
        the unpacked tree does. A server of version 3.12 has no checksums; the tree holds the one it was
        unpacked from, if the boot environment has one.
      - V(content) reads the ISO from the server, and compares it with the local file or with the checksum.
      - V(size) compares the size with the local file's. Without a local file, the name is enough.
    type: str
    choices: [content, size]
    default: content
  verify:
    description:
      - Prove that the ISOs were unpacked, with files of the boot trees from the server's static port.
      - That port speaks plain HTTP and must be reached from where the task runs. Without it, set this to
        V(false); a failed unpacking then goes unnoticed, and an ISO that was replaced may be so without
        effect.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds the server may take to unpack an ISO.
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
  - An ISO that is only known by name and URL counts as right when the server has one of that name. Give its
    checksum.
seealso:
  - module: digitalrebar.provision.drp_blob
  - module: digitalrebar.provision.drp_object
"""

EXAMPLES = r"""
- name: Have a boot environment of a content pack, with its ISO from the local mirror
  digitalrebar.provision.drp_bootenv:
    src: provision-content/content/bootenvs/centos-7.yml
    arches: [x86_64]
    isos:
      - url: https://mirror.example.com/isos/CentOS-7-x86_64-Minimal-2009.iso

- name: Have the ISOs of one that is there already, from the folder where they lie
  digitalrebar.provision.drp_bootenv:
    name: ubuntu-18.04-install
    iso_dir: /srv/isos

- name: Have them from where its definition says
  digitalrebar.provision.drp_bootenv:
    name: debian-10-install
    download: true
    iso_dir: /var/cache/isos

- name: Have a boot environment of our own
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
      description: The architectures that use it, in the server's words.
      type: list
      elements: str
      returned: always
    action:
      description:
        - V(uploaded); V(replaced), when another one was there; V(unpacked), when the ISO was right and the
          server was made to unpack it; V(unchanged); V(missing), when it is not there and nothing says where
          it is; or V(failed), when nothing could be done.
      type: str
      returned: always
    compared_by:
      description:
        - What decided whether the server's is the right one. V(checksum) is the server's own, V(canary) what
          the tree was unpacked from, V(content) the bytes; V(size) and V(name) prove little. Empty without
          one to compare with.
      type: str
      returned: always
    size:
      description: The size in bytes; null when it is not known.
      type: int
      returned: always
    sha256:
      description: The SHA-256 that it has, or must have; empty when it is not known.
      type: str
      returned: always
    source:
      description: The local path or the URL that it comes from, if it has to be uploaded.
      type: str
      returned: always
    verified:
      description: Whether the unpacked tree was seen, with its kernel.
      type: bool
      returned: always
errors:
  description: Why the boot environment is not usable, in the server's words.
  returned: when O(state=present)
  type: list
  elements: str
  sample: []
conflicts:
  description: How often somebody else changed it first, so that the change was planned anew.
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
