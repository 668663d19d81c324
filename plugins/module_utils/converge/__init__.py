# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Desired state -> plan -> guarded patch -> result: decisions without any Ansible in them."""
