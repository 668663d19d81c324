# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relative file names of tasks."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.role_files import resolve_local_files


def find(folder: str, name: str) -> str:
    if name == "nowhere":
        raise AnsibleError("not found")
    return f"/role/{folder}/{name}"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("a.iso", "/role/files/a.iso"),
        ("/abs/a.iso", "/abs/a.iso"),
        ("https://example.com/a.iso", "https://example.com/a.iso"),
        ("nowhere", "nowhere"),
        ("", ""),
        (None, None),
    ],
)
def test_one_file(given: str | None, found: str | None) -> None:
    assert resolve_local_files({"src": given, "name": "a.iso"}, ["src"], find) == {
        "src": found,
        "name": "a.iso",
    }


def test_a_member_of_each_entry() -> None:
    options = {"isos": [{"src": "a.iso", "arch": "arm64"}, {"url": "https://x"}], "templates": None}
    assert resolve_local_files(options, [("isos", "src"), ("templates", "src")], find) == {
        "isos": [{"src": "/role/files/a.iso", "arch": "arm64"}, {"url": "https://x", "src": None}],
        "templates": None,
    }
    assert options["isos"][0]["src"] == "a.iso"
