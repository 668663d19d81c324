#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Run ansible-test on a copy of the collection: ansible_test.sh sanity|units|integration [OPTION ...]
#
# ansible-test wants the path .../ansible_collections/NAMESPACE/NAME and keeps its caches in the home folder,
# so that both are given to it below .venv. The caches stay: the second run is much shorter.
#
#   ANSIBLE_TEST_BIN     folder of another ansible-test than that of .venv
#   ANSIBLE_TEST_PYTHON  Python for which to test, as 3.9; its interpreter has to be on the PATH
#   ANSIBLE_TEST_OLDEST  not empty: with the oldest releases that requirements.txt allows
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=${ANSIBLE_TEST_BIN:-$PWD/.venv/bin}
home=$PWD/.venv/ansible-test
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

copy=$work/ansible_collections/digitalrebar/provision
mkdir -p "$copy" "$home/.config" "$home/.pip"
git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi # what is deleted but not committed is listed too
done | tar -c --null -T - | tar -x -C "$copy"

# pip's settings (a mirror, a certificate) are the user's, and its chatter hides what ansible-test says
printf '[global]\nquiet = 2\n' >"$home/.pip/pip.conf"
if [ -n "${ANSIBLE_TEST_OLDEST:-}" ]; then
    sed -n 's/^\([A-Za-z-]*\)>=/\1==/p' requirements.txt >"$work/oldest.txt"
    printf '[install]\nconstraint = %s\n' "$work/oldest.txt" >>"$home/.pip/pip.conf"
fi
if [ -d "$HOME/.config/pip" ]; then ln -sfn "$HOME/.config/pip" "$home/.config/pip"; fi
export HOME=$home PATH=$bin:$PATH
unset ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH ANSIBLE_HOME PYTHONPYCACHEPREFIX

python tests/tools/pip_bootstrap.py --provide

command=$1
shift
cd "$copy"
paths=()
if [ "$command" = sanity ]; then
    for path in plugins meta changelogs tests/integration/targets; do
        if [ -d "$path" ]; then paths+=("$path/"); fi
    done
fi
controller=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
target=${ANSIBLE_TEST_PYTHON:-$controller}
if [ "$command" = units ] && [ "$target" != "$controller" ]; then
    where=(--controller "origin:python=venv/$controller" --target-python "venv/$target")
else
    where=(--venv --python "$target")
fi
ansible-test "$command" "${where[@]}" --color "${ANSIBLE_TEST_COLOR:-yes}" "$@" "${paths[@]}" </dev/null
