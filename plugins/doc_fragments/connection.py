# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How to reach a DRP server: DOCUMENTATION for modules, PLUGINS for inventory and lookup plugins.

    Sanity reads plain texts only, so the two are written out; a unit test keeps them in step with each
    other and with ``module_utils/options.py``.
    """

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - URL of the API of the DRP server, such as V(https://drp.example.com:8092).
      - Several URLs, separated by spaces, name the members of a cluster. The first that answers is used.
      - Without it the environment variable E(RS_ENDPOINT) is used, then E(RS_ENDPOINTS), then
        V(https://127.0.0.1:8092).
    type: str
  username:
    description:
      - Name of the user to log in as. Goes with O(password).
      - Credentials are taken whole from one place, the first of O(token), O(username) with O(password),
        O(key), the environment variable E(RS_TOKEN), and the environment variable E(RS_KEY).
    type: str
  password:
    description:
      - Password of O(username).
    type: str
  key:
    description:
      - User name and password in one text, V(user:password), split at the first colon.
      - Used when neither O(token) nor O(username) is given. Without any of them the environment variable
        E(RS_KEY) is used, unless E(RS_TOKEN) is set.
    type: str
  token:
    description:
      - A token that the server has issued, instead of a user and a password. It is not renewed.
      - Wins over O(username) and O(key). Without any of them the environment variable E(RS_TOKEN) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the certificate of the server. It is verified unless somebody says V(false).
      - A DRP server makes a certificate of its own when it is installed. Prefer O(cert_fingerprint) or
        O(ca_path) to V(false), which lets anyone on the way read the credentials.
      - Without it, and without O(ca_path) and O(cert_fingerprint), the environment variable
        E(RS_VALIDATE_CERTS) is used.
    type: bool
  ca_path:
    description:
      - File or folder with the certificates of the authorities to trust, instead of those of the system.
      - Without it and O(cert_fingerprint) the environment variables E(RS_CA_PATH) and E(RS_CERT_FINGERPRINT)
        are used.
    type: path
  cert_fingerprint:
    description:
      - SHA-256 of the certificate of the server, 64 hexadecimal digits with or without colons.
      - Pins the certificate of a self-signed server. The chain and the host name are then not looked at,
        unless O(ca_path) is given too. It holds even with O(validate_certs=false).
      - Without it and O(ca_path) the environment variables E(RS_CERT_FINGERPRINT) and E(RS_CA_PATH) are used.
    type: str
  token_cache:
    description:
      - Folder in which tokens are kept between tasks, so that a playbook logs in once.
      - Without it the environment variable E(RS_TOKEN_CACHE) is used, then V(~/.cache/drpcli/tokens).
      - An empty text keeps tokens in memory only.
    type: path
  request_timeout:
    description:
      - How many seconds to wait without receiving a byte from the server.
    type: float
    default: 300
  run_in:
    description:
      - Where the task runs.
      - V(controller) runs it inside the controller process, where it costs milliseconds and needs no
        connection to the host.
      - V(target) runs it as an ordinary module on the target of the task, which then needs the required
        Python packages and a way to the server.
    type: str
    choices: [controller, target]
    default: controller
requirements:
  - requests
  - jsonpatch
  - PyYAML
"""

    # Of several environment variables that are set, Ansible takes the last.  token_cache is no `path` here:
    # that type would turn the empty text, which has a meaning, into the current folder.
    PLUGINS = r"""
options:
  endpoint:
    description:
      - URL of the API of the DRP server, such as V(https://drp.example.com:8092).
      - Several URLs, separated by spaces, name the members of a cluster. The first that answers is used.
      - E(RS_ENDPOINT) wins over E(RS_ENDPOINTS). Without any of them it is V(https://127.0.0.1:8092).
    type: str
    env:
      - name: RS_ENDPOINTS
      - name: RS_ENDPOINT
    vars:
      - name: drp_endpoint
  username:
    description:
      - Name of the user to log in as. Goes with O(password).
      - Credentials are taken whole from one place, the first of O(token), O(username) with O(password),
        O(key), the environment variable E(RS_TOKEN), and the environment variable E(RS_KEY).
    type: str
    vars:
      - name: drp_username
  password:
    description:
      - Password of O(username).
    type: str
    vars:
      - name: drp_password
  key:
    description:
      - User name and password in one text, V(user:password), split at the first colon.
      - Used when neither O(token) nor O(username) is given. Its environment variable counts only when
        E(RS_TOKEN) is not set either.
    type: str
    env:
      - name: RS_KEY
    vars:
      - name: drp_key
  token:
    description:
      - A token that the server has issued, instead of a user and a password. It is not renewed.
      - Wins over O(username) and O(key), but its environment variable does not.
    type: str
    env:
      - name: RS_TOKEN
    vars:
      - name: drp_token
  validate_certs:
    description:
      - Whether to verify the certificate of the server. It is verified unless somebody says V(false).
      - A DRP server makes a certificate of its own when it is installed. Prefer O(cert_fingerprint) or
        O(ca_path) to V(false), which lets anyone on the way read the credentials.
      - Its environment variable counts only when neither O(ca_path) nor O(cert_fingerprint) is set elsewhere.
    type: bool
    env:
      - name: RS_VALIDATE_CERTS
    vars:
      - name: drp_validate_certs
  ca_path:
    description:
      - File or folder with the certificates of the authorities to trust, instead of those of the system.
      - The environment variables of it and of O(cert_fingerprint) count only when neither is set elsewhere.
    type: path
    env:
      - name: RS_CA_PATH
    vars:
      - name: drp_ca_path
  cert_fingerprint:
    description:
      - SHA-256 of the certificate of the server, 64 hexadecimal digits with or without colons.
      - Pins the certificate of a self-signed server. The chain and the host name are then not looked at,
        unless O(ca_path) is given too. It holds even with O(validate_certs=false).
    type: str
    env:
      - name: RS_CERT_FINGERPRINT
    vars:
      - name: drp_cert_fingerprint
  token_cache:
    description:
      - Folder in which tokens are kept between runs, V(~/.cache/drpcli/tokens) by default.
      - An empty text keeps tokens in memory only.
    type: str
    env:
      - name: RS_TOKEN_CACHE
    vars:
      - name: drp_token_cache
  request_timeout:
    description:
      - How many seconds to wait without receiving a byte from the server.
    type: float
    default: 300
    vars:
      - name: drp_request_timeout
requirements:
  - requests
  - jsonpatch
  - PyYAML
"""
