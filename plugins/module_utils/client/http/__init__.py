# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""HTTP as a transport wants it: connections that do not drip, bodies that end, redirects that are refused."""
