# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What is wrong with the arguments of a task, in the words that say most."""

from __future__ import annotations

import typing as t

from ansible.module_utils.errors import AnsibleValidationError, NoLogError


def telling_error(errors: t.Iterable[AnsibleValidationError]) -> AnsibleValidationError:
    """The first one that names its option.

    Ansible looks for secrets before it looks at types, and what it says of a value in which it cannot look
    names nothing.
    """
    found = list(errors)
    return next((error for error in found if not isinstance(error, NoLogError)), found[0])


def misfit(spec: t.Mapping[str, dict[str, t.Any]], arguments: t.Mapping[str, t.Any]) -> str:
    """What is wrong with the first value that cannot have the options of its option; "" when nothing is.

    Ansible's own look at some of them ends in an exception of Python.  Texts it takes: they may be JSON.
    """
    for name, form in spec.items():
        if "options" not in form:
            continue
        several = form["type"] == "list"
        for known in (name, *form.get("aliases", ())):
            value = arguments.get(known)
            for item in value if several and isinstance(value, (list, tuple)) else [value]:
                if item is not None and not isinstance(item, (str, t.Mapping)):
                    wanted = "a list of dicts" if several else "a dict"
                    return f"{known}: must be {wanted}, and one value is of type {type(item).__name__}"
    return ""
