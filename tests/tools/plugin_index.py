# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``plugin_index.py FOLDER``: the index of plugins that antsibull-docs has made there, as this site needs it.

It gets a title, and the event source with a page of its own: antsibull-docs does not know that type of
plugin. The guides leave it, because the site has them already.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import typing as t
from pathlib import Path

import yaml
from antsibull_docs_parser.md import to_md
from antsibull_docs_parser.parser import Context, parse

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "extensions/eda/plugins/event_source/drp_events.py"
NAME = "digitalrebar.provision.drp_events"
PAGE = "drp_events_event_source"
TITLE = "Modules and plugins"
INDEX = """\
.. _event_source_plugins_in_digitalrebar.provision:

Event Source Plugins
~~~~~~~~~~~~~~~~~~~~

* :doc:`drp_events event source <{page}>` -- {about}

.. toctree::
    :maxdepth: 1
    :hidden:

    {page}

"""
GUIDES = r"^[^\n]+\n-+\n\n\.\. toctree::\n[^\n]+\n\n(?: +docsite/\S+\n)+\n"
"""A section of extra-docs.yml in the index."""
BEFORE = ".. _role_plugins_in_digitalrebar.provision:"


def texts(path: Path) -> dict[str, str]:
    """The texts that a file gives names to, such as DOCUMENTATION."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found[ast.unparse(node.targets[0])] = str(node.value.value)
    return found


def markdown(text: t.Any) -> str:
    """The markup of plugin documentation as Markdown, one paragraph for each text."""
    written: list[str] = text if isinstance(text, list) else [text]
    return to_md(parse(written, Context()))


def option(name: str, entry: dict[str, t.Any]) -> str:
    facts = [entry.get("type", "str")]
    if "elements" in entry:
        facts[0] += f" of {entry['elements']}"
    if entry.get("required"):
        facts.append("required")
    if "default" in entry:
        facts.append(f"default `{json.dumps(entry['default'])}`")
    if "choices" in entry:
        facts.append("one of " + ", ".join(f"`{one}`" for one in entry["choices"]))
    return f"### {name}\n\n*{', '.join(facts)}*\n\n{markdown(entry['description'])}\n"


def page() -> str:
    found = texts(SOURCE)
    said = yaml.safe_load(found["DOCUMENTATION"])
    options = "\n".join(option(name, said["options"][name]) for name in sorted(said["options"]))
    return (
        f"# {NAME} event source -- {said['short_description']}\n\n{markdown(said['description'])}\n\n"
        f"The guide [Event-Driven Ansible](../eda.md) shows rulebooks, and what an event contains.\n\n"
        f"## Examples\n\n```yaml\n{found['EXAMPLES'].strip()}\n```\n\n## Parameters\n\n{options}"
    )


def changed_index(text: str) -> str:
    """The index with its title, without the guides, and with the event source before the roles."""
    about = yaml.safe_load(texts(SOURCE)["DOCUMENTATION"])["short_description"]
    text, titles = re.subn(r"^Digitalrebar\.Provision\n=+$", f"{TITLE}\n{'=' * len(TITLE)}", text, flags=re.M)
    text, guides = re.subn(GUIDES, "", text, flags=re.M)
    if titles != 1 or not guides or text.count(BEFORE) != 1:
        raise SystemExit("antsibull-docs writes another index than it did: see tests/tools/plugin_index.py")
    return text.replace(BEFORE, INDEX.format(page=PAGE, about=about) + BEFORE)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / f"{PAGE}.md").write_text(page(), encoding="utf-8")
    index = folder / "index.rst"
    index.write_text(changed_index(index.read_text(encoding="utf-8")), encoding="utf-8")
