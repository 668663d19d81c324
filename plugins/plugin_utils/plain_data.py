# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of a task in plain types, as a module gets them after their way through JSON."""

from __future__ import annotations

import typing as t

from .compat import decrypted


def plain_data(value: t.Any) -> t.Any:
    """A copy of ``value`` without the notes that Ansible keeps on each text and list about its origin.

    They cost as much again in every step that follows, and nothing here reads them.
    """
    value = decrypted(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return {plain_data(name): plain_data(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(inner) for inner in value]
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value
