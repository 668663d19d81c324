#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
exec python ../setup_server/serve.py --v4 ansible-playbook play.yml "$@"
