# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What people write, fitted to what the server stores: the types of JSON, of kinds and of their structs."""
