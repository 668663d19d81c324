# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory needs of the server; beside the connection all that decides what the answer holds."""

from __future__ import annotations

import dataclasses

from .filters import Filter


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the options need of the server."""

    filters: tuple[Filter, ...] = ()
    named_filter: str = ""
    """The key of a filter object of the server, which selects objects of its kind."""
    page_size: int | None = None
    params: bool = True
    """Of the machines."""
    meta: bool = True
    profiles: bool = False
    profile_params: bool = False
    aggregated: bool = False
    """Whether all params are wanted that apply to a machine, wherever they are set."""
    tenants: bool = False
    kinds: tuple[str, ...] = ("machines",)
    """Kinds whose objects become hosts."""
    owners: tuple[str, ...] = ()
    """Kinds whose objects are the groups of their machines."""
    exclude_self_runner: bool = False
    secret_params: tuple[str, ...] = ()
    """Patterns of the names of params that are not kept."""
