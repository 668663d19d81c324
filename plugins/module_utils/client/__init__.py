# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A client for Digital Rebar Provision (DRP) v3.12 and v4: plain Python, nothing of Ansible in it.

Start with :func:`.settings.resolve` and :func:`.settings.connect`; errors are in :mod:`.errors`.
"""
