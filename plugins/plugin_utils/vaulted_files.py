# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that Ansible Vault has encrypted, opened as ansible.builtin.copy opens them."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleError

from ..module_utils.client.errors import UsageError
from ..module_utils.client.files.local import decrypting


def decrypting_files(loader: t.Any) -> contextlib.AbstractContextManager[None]:
    """Within, the client reads vaulted files in clear; ``loader`` is the DataLoader that has the keys.

    The clear text lies on the disk only while it is read, in Ansible's own temporary folder.
    """

    def decrypt(path: str) -> bytes:
        try:
            clear = loader.get_real_file(path)
        except AnsibleError as error:
            raise UsageError(f"{path}: {error}") from None
        try:
            with open(clear, "rb") as file:
                return file.read()
        finally:
            loader.cleanup_tmp_file(clear)

    return decrypting(decrypt)
