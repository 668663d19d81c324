# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides in ``docs`` as reStructuredText in ``docs/docsite/rst``, of which docs.ansible.com makes pages.

``docs/docsite/extra-docs.yml`` lists them.  This understands what the guides are written in: headings,
paragraphs, lists, tables, blocks of code, links, and code, bold and italic words.
"""

from __future__ import annotations

import re
import textwrap
import typing as t
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "https://github.com/digitalrebar/ansible-collection-provision/blob/main"
LABEL = "ansible_collections.digitalrebar.provision.docsite."
LINES = "=-~^"
LANGUAGES = {"yaml": "yaml+jinja", "sh": "shell", "": "text", "mermaid": "text"}
HEAD = """\
..
  Copyright (c) 2026, the digitalrebar.provision authors
  SPDX-License-Identifier: GPL-3.0-or-later
  Written by make format, from docs/{name}.md

"""
Tokens = list[Token]


def pages(root: Path = ROOT) -> dict[Path, str]:
    """File -> the text that it should have."""
    index = yaml.safe_load((root / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))
    names = [name for section in index["sections"] for name in section["toctree"]]
    folder = root / "docs/docsite/rst"
    return {folder / f"{name}.rst": Page(name, names).text(_guide(root, name)) for name in names}


def _guide(root: Path, name: str) -> str:
    return (root / f"docs/{name}.md").read_text(encoding="utf-8")


def anchor(heading: str) -> str:
    """The fragment under which GitHub reaches a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


class Page:
    """One guide; links to the guides in ``known`` stay within the site, others lead to the repository."""

    def __init__(self, name: str, known: t.Collection[str]) -> None:
        self.name = name
        self.known = known

    def text(self, markdown: str) -> str:
        tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
        body = "\n\n".join(block for block in self._blocks(tokens) if block)
        return f"{HEAD.format(name=self.name)}{body}\n"

    def _blocks(self, tokens: Tokens) -> t.Iterator[str]:
        while tokens:
            end = _end_of_block(tokens)
            yield self._block(tokens[0], tokens[1:end])
            tokens = tokens[end + 1 :]

    def _block(self, first: Token, inner: Tokens) -> str:
        if first.type == "heading_open":
            return self._heading(int(first.tag[1:]), inner[0])
        if first.type == "paragraph_open":
            return self._inline(inner[0].children or [])
        if first.type == "fence":
            language = first.info.strip()
            return _directive(f"code-block:: {LANGUAGES.get(language, language)}", first.content)
        if first.type in ("bullet_list_open", "ordered_list_open"):
            return self._list("#. " if first.type.startswith("ordered") else "* ", inner)
        if first.type == "table_open":
            return self._table(inner)
        if first.type == "html_block":
            return ""  # comments
        raise SystemExit(f"docs/{self.name}.md: {first.type} cannot be written as reStructuredText")

    def _heading(self, level: int, inline: Token) -> str:
        title, label = self._inline(inline.children or []), f"{LABEL}{self.name}"
        if level > 1:
            label += "." + anchor(inline.content)
        return f".. _{label}:\n\n{title}\n{LINES[level - 1] * len(title)}"

    def _list(self, mark: str, tokens: Tokens) -> str:
        items = []
        for item in _split(tokens, "list_item"):
            body = "\n\n".join(self._blocks(item))
            items.append(mark + textwrap.indent(body, " " * len(mark)).lstrip())
        return "\n\n".join(items)

    def _table(self, tokens: Tokens) -> str:
        rows = []
        for row in _split(tokens, "tr"):
            cells = [cell[0].children or [] for kind in ("th", "td") for cell in _split(row, kind)]
            marked = (f"{' *'[not at]} - {self._inline(cell)}".rstrip() for at, cell in enumerate(cells))
            rows.append("\n".join(marked))
        return _directive("list-table::", "\n".join(rows), header_rows=1)

    def _inline(self, tokens: Tokens) -> str:
        text, place, after_mark = "", 0, False
        while place < len(tokens):
            token, marked = tokens[place], True
            if token.type == "link_open":
                end = next(at for at in range(place, len(tokens)) if tokens[at].type == "link_close")
                words = "".join(inner.content for inner in tokens[place + 1 : end])
                piece = self._link(str(token.attrs["href"]), words)
                place = end
            else:
                piece, marked = _inline_piece(token), token.type == "code_inline"
            touches = re.search(r"[^\s(\[{/\"'-]$", text) if marked else after_mark and re.match(r"\w", piece)
            text += ("\\ " if touches else "") + piece
            after_mark = marked
            place += 1
        return text

    def _link(self, target: str, words: str) -> str:
        words = words.replace("`", "")
        path, _hash, fragment = target.partition("#")
        if "://" in target:
            return f"`{words} <{target}>`__"
        name = path.removesuffix(".md") or self.name
        if name in self.known and (path.endswith(".md") or not path):
            return f":ref:`{words} <{LABEL}{name}{'.' + fragment if fragment else ''}>`"
        inside = (ROOT / "docs" / path).resolve().relative_to(ROOT)
        return f"`{words} <{REPOSITORY}/{inside}{'#' + fragment if fragment else ''}>`__"


def _inline_piece(token: Token) -> str:
    if token.type == "text":
        return re.sub(r"([\\*`|])|(?<=\w)_(?!\w)", r"\\\g<0>", token.content)
    if token.type == "code_inline":
        return f"``{token.content}``"
    if token.type == "softbreak":
        return "\n"
    return {"strong_open": "**", "strong_close": "**", "em_open": "*", "em_close": "*"}[token.type]


def _end_of_block(tokens: Tokens) -> int:
    """The index of the token that closes the block which the first one opens."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            return place
    raise AssertionError("the parser closes every block")


def _split(tokens: Tokens, kind: str) -> list[Tokens]:
    """What is inside each ``kind`` of the tokens."""
    found: list[Tokens] = []
    place = 0
    while place < len(tokens):
        if tokens[place].type == f"{kind}_open":
            end = place + _end_of_block(tokens[place:])
            found.append(tokens[place + 1 : end])
            place = end
        place += 1
    return found


def _directive(name: str, content: str, **options: t.Any) -> str:
    lines = [f".. {name}", *(f"   :{key.replace('_', '-')}: {value}" for key, value in options.items()), ""]
    return "\n".join(lines) + "\n" + textwrap.indent(content.rstrip("\n"), "   ")
