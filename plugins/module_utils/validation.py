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


def negative(spec: t.Mapping[str, dict[str, t.Any]], options: t.Mapping[str, t.Any], inside: str = "") -> str:
    """What to say of the first number below 0; "" when there is none.

    Each number in our options is a count, a size or a time; what more it must be, its module says.
    """
    for name, form in spec.items():
        value = options.get(name)
        if form.get("type") in ("int", "float"):
            if value is not None and value < 0:
                return f"{inside}: {name} must not be negative" if inside else f"{name}: must not be negative"
        elif "options" in form:
            for item in value if isinstance(value, list) else [value]:
                if item and (wrong := negative(form["options"], item, inside or name)):
                    return wrong
    return ""
