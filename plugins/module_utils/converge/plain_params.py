# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Params that are sent where nothing can be sealed: there is no key of the object that they end up in.

A secure param has to be sealed with the public key of the object that holds it.  The machines that a pool
allocates and the work orders of a batch are chosen or made by the server, so that there is none.
"""

from __future__ import annotations

import typing as t

from ..client.errors import UsageError
from ..client.objects import claims
from ..client.objects.secure import is_sealed, secure_flags
from .secure_params import texts_of
from .task import Task


def require_plain(task: Task, values: t.Mapping[str, t.Any], option: str, why: str) -> None:
    """UsageError if one of the params is secure; ``why`` says why it cannot be sealed.

    Its value is masked wherever the options are shown.  So is that of a param whose definition this token
    may not see.
    """
    asked = [name for name, value in values.items() if value is not None and not is_sealed(value)]
    if not asked:
        return
    known = secure_flags(task.client, asked)
    hidden = [n for n in asked if n not in known and claims.is_hidden(task.client, "params", n)]
    secure = [name for name in asked if known.get(name)]
    for name in (*secure, *hidden):
        task.secrets.update(texts_of(values[name]))
    if secure:
        raise UsageError(
            f"{option}: {', '.join(secure)} cannot be set here: {why}, so that the secure value cannot be "
            "sealed. Set it in a profile, and name that in profiles"
        )
