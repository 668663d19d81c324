# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One job: its request, its tasks' actions, its log and its end."""
