# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Output of the command."""

from __future__ import annotations

import sys

from ...client.masking import visible


def print_line(text: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{visible(text)}\n")
    sys.stdout.flush()


def print_error(error: object) -> None:
    """A line on standard error."""
    sys.stderr.write(f"Error: {visible(str(error))}\n")
    sys.stderr.flush()
