# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A subset of Go's text/template, enough to render what content packs hold."""

from .execute import GoObject, Renderer, TemplateError
from .parser import ParseError, Template, parse

__all__ = ["GoObject", "ParseError", "Renderer", "Template", "TemplateError", "parse"]
