# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manner of a v4 server, as far as clients see it and tests need it.

A v4 server's insides are not public.  What its clients, its documentation and its models tell is
imitated here; where they are silent, the simplest behaviour was chosen that does not contradict them.
"""

# assumption: no v4 server was recorded; this is what its clients and models show
