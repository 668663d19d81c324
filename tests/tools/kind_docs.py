# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said about kinds and their members, and the options of modules for one kind made of it.

What kinds have is in ``client/models.py`` and ``client/typed/structs.py``, what it means in
``client/typed/members.yml`` beside them.  What only v4 servers have follows from the embedded server.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import textwrap
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".venv/collections")]

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.typed.structs import (  # noqa: E402
    STRUCTS,
    V4_MEMBERS,
    type_of,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.kind_options import (  # noqa: E402
    kind_options,
    option_members,
    option_name,
    struct_of,
)
from simulator.models import MODELS as V3_MODELS  # noqa: E402

V3_KINDS = frozenset({*V3_MODELS, "interfaces"})
"""The kinds of a v3.12 server; its interfaces are no objects in a store."""
MEANINGS = ROOT / "plugins/module_utils/client/typed/members.yml"
WIDTH = 108
NEEDS_V4 = "Requires a v4 server."
MERGED: t.Mapping[str, str] = {
    "Params": "Values keep their types. V(null) removes a param. Other params are left unchanged, unless"
    " O(purge_params) is set. For secure params see O(update_secure).",
    "Meta": "V(null) removes an entry. Other entries are left unchanged.",
}
"""How the values of options are laid over those that are there, where it is not as a whole."""
COMMON_OPTIONS: t.Mapping[str, str] = {
    "state": "Whether the {title} should exist.",
    "require_available": "Fail when the server has stored the {title} but reports that it cannot be used, for"
    " example because it refers to something that does not exist.",
    "purge_params": "Remove all params that are not in O(params).",
}
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


class Meaning(t.NamedTuple):
    """What is said about one member."""

    text: str
    example: t.Any


@functools.cache
def meanings() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(MEANINGS.read_text(encoding="utf-8")))


def title_of(kind: str) -> str:
    """What people call one object of the kind."""
    return str(meanings()["kinds"][kind]["title"])


def meaning(kind: str, member: str) -> Meaning:
    """What is said about a member of a kind; KeyError when nothing is."""
    own = meanings()["kinds"][kind].get("members", {}).get(member, {})
    return meaning_of(member, {**meanings()["members"].get(member, {}), **own}, title_of(kind))


def struct_meaning(struct: str, member: str) -> Meaning:
    """What is said about a member of a struct; KeyError when nothing is."""
    own = meanings()["structs"].get(struct, {}).get(member, {})
    return meaning_of(member, {**meanings()["members"].get(member, {}), **own}, "object")


def meaning_of(member: str, entry: dict[str, t.Any], title: str) -> Meaning:
    try:
        return Meaning(entry["meaning"].replace("{title}", title), entry["example"])
    except KeyError as missing:
        raise KeyError(f"{MEANINGS.name}: {member} has no {missing}") from None


def only_v4(kind: str, member: str) -> bool:
    """Whether a v3.12 server does not know the member, though it knows the kind."""
    return kind in V3_MODELS and member not in V3_MODELS[kind].struct.fields


def kind_of_module(path: Path) -> str | None:
    """The kind whose objects the module in ``path`` manages, if its options follow from the table."""
    found = re.search(r'kind_options\("(\w+)"\)', path.read_text(encoding="utf-8"))
    return found[1] if found else None


def documented_options(kind: str) -> str:
    """The options of the module for ``kind``, as the documentation of a module has them."""
    spec, title = kind_options(kind), title_of(kind)
    text = _option("state", COMMON_OPTIONS["state"].replace("{title}", title), spec["state"], 2)
    for member in option_members(kind):
        text += _member_option(kind, member, spec[option_name(member)])
    for name in ("purge_params", "require_available"):
        if name in spec:
            text += _option(name, COMMON_OPTIONS[name].replace("{title}", title), spec[name], 2)
    return text


def _member_option(kind: str, member: str, spec: dict[str, t.Any]) -> str:
    words = [_code_as_value(meaning(kind, member).text), MERGED.get(member, "")]
    words.append(NEEDS_V4 if only_v4(kind, member) else "")
    text = _option(option_name(member), " ".join(filter(None, words)), spec, 2)
    struct = struct_of(type_of(kind, member))
    if not struct:
        return text
    text += "    suboptions:\n"
    for name in STRUCTS[struct]:
        words = [_code_as_value(struct_meaning(struct, name).text)]
        words.append(NEEDS_V4 if name in V4_MEMBERS.get(struct, ()) else "")
        inner = spec["options"][option_name(name)]
        text += _option(option_name(name), " ".join(filter(None, words)), inner, 6)
    return text


def _code_as_value(text: str) -> str:
    return re.sub(r"\bC\(", "V(", text)


def _option(name: str, words: str, spec: dict[str, t.Any], indent: int) -> str:
    lines = [f"{name}:", *_description(words, WIDTH - indent - 2), f"  type: {spec['type']}"]
    if "elements" in spec:
        lines.append(f"  elements: {spec['elements']}")
    if "choices" in spec:
        lines.append(f"  choices: [{', '.join(spec['choices'])}]")
    if "default" in spec:
        lines.append(f"  default: {json.dumps(spec['default']).strip(chr(34))}")
    if spec.get("required"):
        lines.append("  required: true")
    return textwrap.indent("\n".join(lines) + "\n", " " * indent)


def _description(words: str, width: int) -> list[str]:
    plain = yaml.safe_load(f"x: {words}") == {"x": words} if ": " not in words else False
    written = words if plain else json.dumps(words, ensure_ascii=False)
    if len(written) <= width - len("description: "):
        return [f"  description: {written}"]
    lines = textwrap.wrap(written, width - 2, initial_indent="    - ", subsequent_indent=" " * 6)
    return ["  description:", *lines]


def module_kinds(root: Path = ROOT) -> dict[str, str]:
    """Kind -> the module whose options follow from the table."""
    found = {path.stem: kind_of_module(path) for path in sorted((root / "plugins/modules").glob("drp_*.py"))}
    return {kind: name for name, kind in found.items() if kind}
