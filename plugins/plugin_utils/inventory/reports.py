# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory has to say to its user, and how loud."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleParserError

from ...module_utils.client.masking import visible


class Reports:
    """Says each thing once.  ``display`` is Ansible's, ``source`` the file that the texts are about."""

    def __init__(self, display: t.Any, source: str, strict: bool) -> None:
        self._display = display
        self._source = source
        self._strict = strict

    def verbose(self, text: str) -> None:
        """For those who ask with ``-v``."""
        self._display.v(f"{self._source}: {visible(text)}")

    def warn(self, text: str) -> None:
        self._display.warning(f"{self._source}: {visible(text)}")

    def warn_or_fail(self, text: str) -> None:
        """Something is not as the options want it: a warning, with ``strict`` the end."""
        if self._strict:
            raise AnsibleParserError(visible(text))
        self.warn(text)
