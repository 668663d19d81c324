# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides as reStructuredText: nothing is lost on the way from Markdown."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from antsibull_docs.extra_docs import lint_required_conditions, load_extra_docs_index

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))

import guides_rst  # noqa: E402
import plugin_index  # noqa: E402

INDEX = ROOT / "docs/docsite/extra-docs.yml"
FOR_DEVELOPERS = {"architecture", "from-go", "inclusion-checklist"}


def converted(markdown: str) -> str:
    text = guides_rst.Page("waiting", ["waiting", "eda"]).text(markdown)
    return text.removeprefix(guides_rst.HEAD.format(name="waiting"))


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("# A `b` c\n", f".. _{guides_rst.LABEL}waiting:\n\nA ``b`` c\n=========\n"),
        ("## Two words\n", f".. _{guides_rst.LABEL}waiting.two-words:\n\nTwo words\n---------\n"),
        ("One *two* **three**,\nfour_ a_b x*y\n", "One *two* **three**,\nfour\\_ a_b x\\*y\n"),
        ("a `b`s, (`c`), `d`.\n", "a ``b``\\ s, (``c``), ``d``.\n"),
        ("[here](eda.md#event-format)\n", f":ref:`here <{guides_rst.LABEL}eda.event-format>`\n"),
        ("[`here`](#two-words)\n", f":ref:`here <{guides_rst.LABEL}waiting.two-words>`\n"),
        ("[x](https://a.example/b_c)\n", "`x <https://a.example/b_c>`__\n"),
        ("[x](../README.md)\n", f"`x <{guides_rst.REPOSITORY}/README.md>`__\n"),
        ("[x](architecture.md#tests)\n", f"`x <{guides_rst.REPOSITORY}/docs/architecture.md#tests>`__\n"),
        ("```sh\na\n\n  b\n```\n", ".. code-block:: shell\n\n   a\n\n     b\n"),
        (
            "* one\n  two\n* three\n\n  ```\n  x\n  ```\n",
            "* one\n  two\n\n* three\n\n  .. code-block:: text\n\n     x\n",
        ),
        (
            "| A | B |\n|---|---|\n| `c` | |\n",
            ".. list-table::\n   :header-rows: 1\n\n   * - A\n     - B\n   * - ``c``\n     -\n",
        ),
        ("<!-- a comment -->\n\nText\n", "Text\n"),
    ],
)
def test_what_becomes_of_markdown(markdown: str, rst: str) -> None:
    assert converted(markdown) == rst


def test_what_is_not_understood_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"docs/waiting\.md: blockquote_open cannot be written"):
        converted("> a quote\n")


def test_every_guide_for_users_is_listed() -> None:
    sections, errors = load_extra_docs_index(str(INDEX))
    assert errors == []
    listed = {entry.ref for section in sections for entry in section.toctree}
    assert listed | FOR_DEVELOPERS == {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {path.stem for path in (ROOT / "docs/docsite/rst").iterdir()} == listed


@pytest.mark.parametrize("path", sorted(INDEX.parent.glob("rst/*.rst")), ids=lambda path: path.stem)
def test_a_page_is_one_that_docs_ansible_com_takes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    labels, errors = lint_required_conditions(text, "digitalrebar.provision")
    assert errors == []
    assert f"{guides_rst.LABEL}{path.stem}" in labels
    everywhere = "".join(one.read_text(encoding="utf-8") for one in path.parent.glob("*.rst"))
    for target in re.findall(rf"<({re.escape(guides_rst.LABEL)}[^>]+)>`", text):
        assert f"\n.. _{target}:\n" in everywhere, target


def test_every_block_of_code_is_in_it() -> None:
    for name in (path.stem for path in (ROOT / "docs/docsite/rst").iterdir()):
        markdown = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
        rst = (ROOT / f"docs/docsite/rst/{name}.rst").read_text(encoding="utf-8")
        fences = re.findall(r"^ *```\w*$", markdown, re.MULTILINE)
        assert len(fences) == 2 * rst.count(".. code-block::"), name


# -- the page of the event source


def test_the_page_of_the_event_source_has_all_options() -> None:
    options = yaml.safe_load(plugin_index.texts(plugin_index.SOURCE)["DOCUMENTATION"])["options"]
    page = plugin_index.page()
    assert [name for name in options if f"\n### {name}\n" not in page] == []
    assert re.search(r"\b[OVCE]\(", page) is None


def test_the_index_gets_a_title_and_the_event_source() -> None:
    made = (
        "Digitalrebar.Provision\n======================\n\n"
        "Guides\n------\n\n.. toctree::\n    :maxdepth: 1\n\n"
        f"    docsite/waiting\n    docsite/eda\n\nPlugin Index\n------------\n\n{plugin_index.BEFORE}\n"
    )
    changed = plugin_index.changed_index(made)
    assert changed.startswith("Modules and plugins\n===================\n\nPlugin Index\n")
    assert changed.index("drp_events event source") < changed.index(plugin_index.BEFORE)
    with pytest.raises(SystemExit, match="another index"):
        plugin_index.changed_index("Something else\n")
