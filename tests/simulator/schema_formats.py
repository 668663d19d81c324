# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of strings that the server checks in schemas."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft7Validator, FormatChecker

FORMATS = FormatChecker()
FORMATS.checkers = dict(Draft7Validator.FORMAT_CHECKER.checkers)

_LABEL = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_NO_URI = re.compile(r"[\s<>\"{}|\\\\^`]")


@FORMATS.checks("hostname")
def _hostname(value: Any) -> bool:
    return not isinstance(value, str) or all(map(_LABEL.fullmatch, value.split(".")))


@FORMATS.checks("date-time", raises=ValueError)
def _date_time(value: Any) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


@FORMATS.checks("uri", raises=ValueError)
def _uri(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    return bool(urlsplit(value).scheme) and not _NO_URI.search(value)
