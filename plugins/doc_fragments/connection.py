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
      - A URL may have a path, for a server that is reached through another one, such as a manager. The
        environment variable E(RS_URL_PROXY) appends a path to each URL.
    type: str
  username:
    description:
      - Name of the user to log in as. Requires O(password).
      - Credentials are taken from the first source that is set, in the order O(token), O(username) with
        O(password), O(key), and the environment variables E(RS_TOKEN), E(RS_KEY), and E(RS_USERNAME) with
        E(RS_PASSWORD). Sources are not combined.
    type: str
  password:
    description:
      - Password of O(username).
    type: str
  key:
    description:
      - User name and password in one string, V(user:password), split at the first colon.
      - Used if neither O(token) nor O(username) is set. Without any of them the environment variable
        E(RS_KEY) is used, unless E(RS_TOKEN) is set.
    type: str
  token:
    description:
      - A token that the server has issued, to be used instead of a user name and a password. It is not
        renewed.
      - Takes precedence over O(username) and O(key). Without any of them the environment variable
        E(RS_TOKEN) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the certificate of the server. The default is V(true).
      - A DRP server creates a self-signed certificate when it is installed. Set O(cert_fingerprint) or
        O(ca_path) rather than V(false), which allows a man in the middle to read the credentials.
      - Without it, and without O(ca_path) and O(cert_fingerprint), the environment variable
        E(RS_VALIDATE_CERTS) is used, then E(RS_SKIP_VERIFY), which means the opposite and causes a warning.
    type: bool
  ca_path:
    description:
      - File or folder with the CA certificates to trust, instead of those of the system.
      - Without it and O(cert_fingerprint) the environment variables E(RS_CA_PATH) and E(RS_CERT_FINGERPRINT)
        are used.
    type: path
  cert_fingerprint:
    description:
      - SHA-256 of the certificate of the server, 64 hexadecimal digits with or without colons.
      - Pins the certificate of a self-signed server. The chain and the host name are then not verified,
        unless O(ca_path) is set too. The fingerprint is verified even with O(validate_certs=false).
      - Without it and O(ca_path) the environment variables E(RS_CERT_FINGERPRINT) and E(RS_CA_PATH) are used.
    type: str
  client_cert:
    description:
      - PEM file with a client certificate, and its chain, for a server that accepts client certificates
        (v4.10.3 and newer) or for a proxy before it.
      - If no other credentials are set, the certificate is the login.
      - Without it and O(client_key) the environment variables E(RS_CLIENT_CERT) and E(RS_CLIENT_KEY) are
        used.
    type: path
  client_key:
    description:
      - PEM file with the private key of O(client_cert), without a passphrase.
      - Not needed if the file O(client_cert) contains the key too.
    type: path
  token_cache:
    description:
      - Folder in which tokens are stored between tasks, so that a playbook logs in only once.
      - Without it the environment variable E(RS_TOKEN_CACHE) is used, then V(~/.cache/drpcli/tokens).
      - An empty string keeps tokens in memory only.
    type: path
  request_timeout:
    description:
      - How many seconds to wait for data from the server.
    type: float
    default: 300
  run_in:
    description:
      - Where the task runs.
      - V(controller) runs it inside the controller process, which takes milliseconds and requires no
        connection to the host.
      - V(target) runs it as an ordinary module on the target of the task. The target requires the Python
        packages and network access to the server.
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
      - E(RS_ENDPOINT) takes precedence over E(RS_ENDPOINTS). The default is V(https://127.0.0.1:8092).
      - A URL may have a path, for a server that is reached through another one, such as a manager. The
        environment variable E(RS_URL_PROXY) appends a path to each URL.
    type: str
    env:
      - name: RS_ENDPOINTS
      - name: RS_ENDPOINT
    vars:
      - name: drp_endpoint
  username:
    description:
      - Name of the user to log in as. Requires O(password).
      - Credentials are taken from the first source that is set, in the order O(token), O(username) with
        O(password), O(key), and the environment variables E(RS_TOKEN), E(RS_KEY), and E(RS_USERNAME) with
        E(RS_PASSWORD). Sources are not combined.
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
      - User name and password in one string, V(user:password), split at the first colon.
      - Used if neither O(token) nor O(username) is set. Its environment variable is used only if
        E(RS_TOKEN) is not set either.
    type: str
    env:
      - name: RS_KEY
    vars:
      - name: drp_key
  token:
    description:
      - A token that the server has issued, to be used instead of a user name and a password. It is not
        renewed.
      - Takes precedence over O(username) and O(key). Its environment variable does not.
    type: str
    env:
      - name: RS_TOKEN
    vars:
      - name: drp_token
  validate_certs:
    description:
      - Whether to verify the certificate of the server. The default is V(true).
      - A DRP server creates a self-signed certificate when it is installed. Set O(cert_fingerprint) or
        O(ca_path) rather than V(false), which allows a man in the middle to read the credentials.
      - Its environment variable is used only if neither O(ca_path) nor O(cert_fingerprint) is set otherwise.
        Without it E(RS_SKIP_VERIFY) is used, which means the opposite and causes a warning.
    type: bool
    env:
      - name: RS_VALIDATE_CERTS
    vars:
      - name: drp_validate_certs
  ca_path:
    description:
      - File or folder with the CA certificates to trust, instead of those of the system.
      - Its environment variable and that of O(cert_fingerprint) are used only if neither option is set
        otherwise.
    type: path
    env:
      - name: RS_CA_PATH
    vars:
      - name: drp_ca_path
  cert_fingerprint:
    description:
      - SHA-256 of the certificate of the server, 64 hexadecimal digits with or without colons.
      - Pins the certificate of a self-signed server. The chain and the host name are then not verified,
        unless O(ca_path) is set too. The fingerprint is verified even with O(validate_certs=false).
    type: str
    env:
      - name: RS_CERT_FINGERPRINT
    vars:
      - name: drp_cert_fingerprint
  client_cert:
    description:
      - PEM file with a client certificate, and its chain, for a server that accepts client certificates
        (v4.10.3 and newer) or for a proxy before it.
      - If no other credentials are set, the certificate is the login.
      - Its environment variable and that of O(client_key) are used only if neither option is set otherwise.
    type: path
    env:
      - name: RS_CLIENT_CERT
    vars:
      - name: drp_client_cert
  client_key:
    description:
      - PEM file with the private key of O(client_cert), without a passphrase.
      - Not needed if the file O(client_cert) contains the key too.
    type: path
    env:
      - name: RS_CLIENT_KEY
    vars:
      - name: drp_client_key
  token_cache:
    description:
      - Folder in which tokens are stored between runs, V(~/.cache/drpcli/tokens) by default.
      - An empty string keeps tokens in memory only.
    type: str
    env:
      - name: RS_TOKEN_CACHE
    vars:
      - name: drp_token_cache
  request_timeout:
    description:
      - How many seconds to wait for data from the server.
    type: float
    default: 300
    vars:
      - name: drp_request_timeout
requirements:
  - requests
  - jsonpatch
  - PyYAML
"""
