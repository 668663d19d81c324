# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a server that went wrong on the way, and everything of the collection that has to read them."""
