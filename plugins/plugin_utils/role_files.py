# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relative names of local files, looked for where ansible.builtin.copy looks: in files/ of role and play."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError

FindNeedle = t.Callable[[str, str], str]
FileOption = t.Union[str, tuple[str, str]]
"""The name of an option, or of an option with a list of entries and the member in each."""


def resolve_local_files(
    options: dict[str, t.Any], file_options: t.Iterable[FileOption], find: FindNeedle
) -> dict[str, t.Any]:
    """The options with the files that they name; ``find(folder, name)`` is an action's ``_find_needle``.

    A file that is nowhere stays as it was given, so that the module can say what it misses.
    """
    found = dict(options)
    for file_option in file_options:
        if isinstance(file_option, str):
            found[file_option] = _resolve_path(found.get(file_option), find)
        elif found.get(file_option[0]):
            option, member = file_option
            found[option] = [
                {**entry, member: _resolve_path(entry.get(member), find)} for entry in found[option]
            ]
    return found


def _resolve_path(name: t.Any, find: FindNeedle) -> t.Any:
    if not isinstance(name, str) or not name or os.path.isabs(name) or "://" in name:
        return name
    try:
        return find("files", name)
    except AnsibleError:
        return name
