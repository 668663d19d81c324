# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The program drp-agent: arguments, configuration, checks, systemd, the zipapp."""
