# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements beside raw calls, against the simulator: ``make bench``."""
