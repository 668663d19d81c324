# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/kinds.md``: every kind and every member, with type, meaning and example."""

from __future__ import annotations

import json
import re
import textwrap
import typing as t
from pathlib import Path

from kind_docs import (
    V3_KINDS,
    Meaning,
    meaning,
    meaning_of,
    meanings,
    only_v4,
    struct_meaning,
)

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.typed.structs import (
    STRUCTS,
    V4_MEMBERS,
    type_of,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.kind_options import (
    SET_BY_SERVER,
)

FORM = Path(__file__).with_name("kinds_page.md")
HEAD = "| Member | Type | Meaning | Example |\n|---|---|---|---|\n"
COMMON = SET_BY_SERVER - {"PluginErrors"}
"""Members that most kinds have, and that the page describes once; so it does with Meta."""
TYPES: t.Mapping[str, str] = {
    "str": "text",
    "digest": "text",
    "uuid": "UUID",
    "ip": "address",
    "time": "time",
    "bool": "bool",
    "int": "number",
    "any": "any",
}


def kinds_page(modules: t.Mapping[str, str]) -> str:
    """``docs/kinds.md``; ``modules`` names the module of each kind that has one."""
    kinds = sorted(models.MODELS)
    rows = "".join(f"| [`{kind}`](#{kind}) | {_about(kind)} |\n" for kind in kinds)
    structs = "".join(map(_struct_section, sorted(filter(_is_used, STRUCTS))))
    sections = "".join(_kind_section(kind, modules.get(kind, "")) for kind in kinds)
    page = FORM.read_text(encoding="utf-8")
    return page.format(rows=rows, common=_common_rows(kinds), kinds=sections, structs=structs)


def _common_rows(kinds: t.Sequence[str]) -> str:
    used = {name for kind in kinds for name in models.get(kind).fields}
    return "".join(
        _row(
            name,
            type_of("profiles", name),
            meaning_of(name, meanings()["members"][name], "object"),
            only_v4("profiles", name),
        )
        for name in ("Meta", *sorted(COMMON))
        if name in used
    )


def _about(kind: str) -> str:
    return _plain(meanings()["kinds"][kind]["about"])


def _kind_section(kind: str, module: str) -> str:
    model = models.get(kind)
    notes = [_about(kind)]
    if model.key:
        notes.append(f"The key is `{model.key}`.")
    if module:
        notes.append(f"The module `{module}` has an option for each member that can be set.")
    if not model.creatable:
        notes.append("The server creates them itself.")
    if kind not in V3_KINDS:
        notes.append("Only v4 servers have them.")
    rows = "".join(
        _row(name, type_of(kind, name), meaning(kind, name), only_v4(kind, name))
        for name in model.fields
        if name != "Meta" and name not in COMMON
    )
    return f"\n### {kind}\n\n{_wrapped(' '.join(notes))}\n\n{HEAD}{rows}"


def _struct_section(struct: str) -> str:
    rows = "".join(
        _row(name, form, struct_meaning(struct, name), name in V4_MEMBERS.get(struct, ()))
        for name, form in STRUCTS[struct].items()
    )
    return f"\n### {struct}\n\n{HEAD}{rows}"


def _is_used(struct: str) -> bool:
    forms = [type_of(kind, name) for kind, model in models.MODELS.items() for name in model.fields]
    forms += [form for members in STRUCTS.values() for form in members.values()]
    return any(form.split(":")[-1] == struct for form in forms)


def _row(name: str, form: str, said: Meaning, v4: bool) -> str:
    example = json.dumps(said.example, ensure_ascii=False).replace("|", "\\|")
    mark = " (v4)" if v4 else ""
    return f"| `{name}`{mark} | {_type_words(form)} | {_plain(said.text)} | `{example}` |\n"


def _type_words(form: str) -> str:
    outer, _colon, inner = form.partition(":")
    if outer == "list":
        return f"list of {_type_words(inner)}"
    if outer == "map":
        return f"map of {_type_words(inner)}"
    return f"[{outer}](#{outer.lower()})" if outer in STRUCTS else TYPES[outer]


def _plain(text: str) -> str:
    """The markup of module documentation as Markdown."""
    text = re.sub(r"\bM\(digitalrebar\.provision\.(\w+)\)", r"`\1`", text)
    return re.sub(r"\bC\(([^)]*)\)", r"`\1`", text)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False))
