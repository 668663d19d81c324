# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local files, clear or encrypted by Ansible Vault."""

from __future__ import annotations

import hashlib
import pathlib

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import local
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.bootenvs import (
    read_bootenv,
    read_template,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.bundle import bundle
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.files.blob import (
    checked_local,
    unchecked_local,
)

VAULTED = b"$ANSIBLE_VAULT;1.1;AES256\n6133\n"


CLEAR = {
    "file.yaml": b"Name: clear\n",
    "._Name.meta": b"p",
    "a.yaml": b"Name: a",
    "t": b"text",
}


def decrypt(path: str) -> bytes:
    return CLEAR[pathlib.Path(path).name]


@pytest.fixture
def vaulted(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "file.yaml"
    path.write_bytes(VAULTED)
    return path


def test_clear_files_are_opened_as_they_are(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"$ANSIBLE")
    with local.open_local(str(path)) as file:
        assert file.read() == b"$ANSIBLE"
        assert file.fileno() >= 0


def test_encrypted_files_need_a_key(vaulted: pathlib.Path) -> None:
    with pytest.raises(UsageError, match="is encrypted by Ansible Vault"):
        local.open_local(str(vaulted))
    assert local.open_local(str(vaulted), decrypt=False).read() == VAULTED
    with local.decrypting(decrypt):
        assert local.read_local(str(vaulted)) == b"Name: clear\n"
    with pytest.raises(UsageError):
        local.read_local(str(vaulted))


def test_every_reader_of_local_files_decrypts(vaulted: pathlib.Path) -> None:
    pack = vaulted.parent / "pack"
    for name in ("._Name.meta", "params/a.yaml", "templates/t"):
        (pack / name).parent.mkdir(exist_ok=True, parents=True)
        (pack / name).write_bytes(VAULTED)
    sha256 = hashlib.sha256(CLEAR["file.yaml"]).hexdigest()
    with local.decrypting(decrypt):
        assert read_bootenv(str(vaulted)).spec == {"Name": "clear"}
        assert read_template(str(pack / "templates/t"), "t") == "text"
        assert bundle(str(pack)) == {
            "meta": {"Name": "p"},
            "sections": {"params": {"a": {"Name": "a"}}, "templates": {"t": {"ID": "t", "Contents": "text"}}},
        }
        assert (checked_local(str(vaulted)).size, checked_local(str(vaulted)).sha256) == (12, sha256)
        assert unchecked_local(str(vaulted)).size == 12
        assert unchecked_local(str(vaulted), decrypt=False).size == len(VAULTED)
        with pytest.raises(UsageError, match=f"SHA-256 of .* is {sha256}"):
            checked_local(str(vaulted), "0" * 64)
