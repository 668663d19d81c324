# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An embedded DRP v3.12 server: a test double with the real server's manners, on loopback only."""
