# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which objects a task works on; the options of ``module_utils/resources/selection.py``."""

    DOCUMENTATION = r"""
options:
  name:
    description: The name of one object.
    type: str
  id:
    description: One object, by its key or as C(Index:value).
    type: str
  objects:
    description: Several objects, each by its name, its key, or as C(Index:value).
    type: list
    elements: str
  filters:
    description:
      - All objects that match, by index (such as V(Workflow)), by param, or by V(Meta.<key>). The filter
        is applied by the server.
      - "A value is compared for equality. A dictionary such as C({Between: [a, b]}) uses another operator
        of the server. A v4 server also supports C(In), C(Nin) and C(Re)."
      - All names must match. If a name has several operators, one of them must match.
      - Servers of version 3.12 compare only params that are strings or booleans. A filter on a numeric param
        finds nothing there.
    type: dict
"""
