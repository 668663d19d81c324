# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files and ISOs on the server: upload, download, and the boot environments that need them."""
