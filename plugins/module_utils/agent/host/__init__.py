# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Power of the machine that the agent runs on: reboot, kexec, power off."""
