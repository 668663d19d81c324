# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version that the server and what comes with it name."""

from __future__ import annotations

VERSION = "v3.12.0-0-0e8ee6e4c3b75e45ff0bac15ba8cecb2c674ad95"
