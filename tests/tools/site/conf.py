# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx: the guides as they are, and a page for each plugin; see docs.sh."""

from __future__ import annotations

import re
import typing as t

from docutils import nodes

project = "digitalrebar.provision"
copyright = "2026, the digitalrebar.provision authors"
html_title = "Digital Rebar Provision for Ansible"
html_short_title = html_title
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {
    "display_github": True,
    "github_user": "digitalrebar",
    "github_repo": "ansible-collection-provision",
    "github_version": "main",
    "conf_py_path": "/docs/",
}
extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["examples"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
highlight_language = "YAML+Jinja"
# mermaid, drp's own templates in YAML, and console sessions are not all for pygments
suppress_warnings = ["misc.highlighting_failure"]
intersphinx_mapping: dict[str, tuple[str, str | None]] = {}
default_role = "any"
nitpicky = False

# Labels in Ansible's own documentation. Its index is not fetched: a build needs no network.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
OUTSIDE = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
BUILTIN = re.compile(r"ansible_collections\.ansible\.builtin\.(\w+)$")


def lead_outside(app: t.Any, env: t.Any, node: t.Any, inner: t.Any) -> t.Any:
    """A link to Ansible's documentation for a label that is not here."""
    del app, env
    label = node.get("reftarget", "")
    builtin = BUILTIN.match(label)
    page = f"collections/ansible/builtin/{builtin[1]}.html" if builtin else OUTSIDE.get(label)
    if page is None:
        return None
    return nodes.reference("", "", inner.deepcopy(), internal=False, refuri=f"{ANSIBLE}/{page}")


def put_examples_first(app: t.Any, document: nodes.document) -> None:
    """On the page of a plugin, the examples come before the options, which are many."""
    if not app.env.docname.startswith("plugins/"):
        return
    found = document.findall(nodes.section)
    sections = {section.next_node(nodes.title).astext(): section for section in found}
    examples, first = sections.get("Examples"), sections.get("Requirements") or sections.get("Parameters")
    if examples is not None and first is not None:
        examples.parent.remove(examples)
        first.parent.insert(first.parent.index(first), examples)


def setup(app: t.Any) -> None:
    # before the table of contents is made of the sections
    app.connect("doctree-read", put_examples_first, priority=100)
    app.connect("missing-reference", lead_outside)
