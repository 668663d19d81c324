#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the pages of all plugins and guides into build/docs/html; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=.venv/bin
site=build/docs/source
repository=https://github.com/digitalrebar/ansible-collection-provision/blob/main

if ! "$bin/python" -c 'import myst_parser, sphinx_ansible_theme' 2>/dev/null; then
    "$bin/python" -m pip install -qq --disable-pip-version-check --no-input -r requirements-docs.txt </dev/null
fi
"$bin/antsibull-docs" lint-collection-docs --plugin-docs --validate-collection-refs=all --skip-rstcheck .

rm -rf build/docs
mkdir -p "$site/plugins"
cp -r tests/tools/site/* "$site/"
for page in docs/*.md; do # what is outside docs/ is not on the site, but in the repository
    sed -E "s#\]\(\.\./([^)]*)\)#]($repository/\1)#g" "$page" >"$site/$(basename "$page")"
done
cp -r docs/examples "$site/"
"$bin/antsibull-docs" collection --use-current --fail-on-error --squash-hierarchy \
    --dest-dir "$site/plugins" digitalrebar.provision
"$bin/python" tests/tools/plugin_index.py "$site/plugins"
rm -r "$site/plugins/docsite" # the guides in the form of docs.ansible.com
# the pages of plugins name the guides as they lie in the repository
find "$site/plugins" -name '*.rst' -exec sed -i -E "s#<$repository/docs/([a-z-]+)\.md>#<../\1.html>#g" {} +
"$bin/python" -m sphinx -q -W --keep-going -b html "$site" build/docs/html
echo "build/docs/html/index.html"
