# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What one object has beside its members: params, metadata, actions, job logs, tokens, etags."""
