#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Run ansible-test sanity on a copy of the collection: sanity.sh [OPTION OF ANSIBLE-TEST ...]
#
# ansible-test wants the path .../ansible_collections/NAMESPACE/NAME and keeps its caches in the home folder,
# so that both are given to it below .venv. The caches stay: the second run is much shorter.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=${SANITY_BIN:-$PWD/.venv/bin}
home=$PWD/.venv/sanity
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

copy=$work/ansible_collections/digitalrebar/provision
mkdir -p "$copy" "$home/.config" "$home/.pip"
git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi # what is deleted but not committed is listed too
done | tar -c --null -T - | tar -x -C "$copy"

# pip's settings (a mirror, a certificate) are the user's, and its chatter hides what sanity says
printf '[global]\nquiet = 2\n' >"$home/.pip/pip.conf"
if [ -d "$HOME/.config/pip" ]; then ln -sfn "$HOME/.config/pip" "$home/.config/pip"; fi
export HOME=$home PATH=$bin:$PATH
unset ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH ANSIBLE_HOME PYTHONPYCACHEPREFIX

python tests/tools/pip_bootstrap.py --provide

cd "$copy"
paths=()
for path in plugins meta changelogs; do
    if [ -d "$path" ]; then paths+=("$path/"); fi
done
version=${SANITY_PYTHON:-$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
ansible-test sanity --venv --python "$version" --color "${SANITY_COLOR:-yes}" "$@" "${paths[@]}" </dev/null
