# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site: on the page of a plugin, the examples come before the options."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree

CONF = Path(__file__).resolve().parents[1] / "tools/site/conf.py"
PAGE = """
A module
========

{sections}
"""


def order(docname: str, *titles: str) -> list[str]:
    """The sections of a page that has ``titles``, as the site shows them."""
    spec = importlib.util.spec_from_file_location("site_conf", CONF)
    assert spec is not None
    assert spec.loader is not None
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    sections = "".join(f"{title}\n{'-' * len(title)}\n\nText\n\n" for title in titles)
    document = publish_doctree(PAGE.format(sections=sections), settings_overrides={"doctitle_xform": False})
    app = types.SimpleNamespace(env=types.SimpleNamespace(docname=docname))
    conf.put_examples_first(app, document)
    found = [section[0].astext() for section in document.findall(nodes.section)]
    return found[1:]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ["Synopsis", "Requirements", "Parameters", "Examples", "Return Values"],
            ["Synopsis", "Examples", "Requirements", "Parameters", "Return Values"],
        ),
        (["Synopsis", "Parameters", "Examples"], ["Synopsis", "Examples", "Parameters"]),
        (["Synopsis", "Parameters"], ["Synopsis", "Parameters"]),
    ],
)
def test_examples_come_before_options(before: list[str], after: list[str]) -> None:
    assert order("plugins/drp_machine_module", *before) == after


def test_guides_stay_as_they_are() -> None:
    assert order("waiting", "Parameters", "Examples") == ["Parameters", "Examples"]
