# SPDX-License-Identifier: Apache-2.0
"""Calls by hand over HTTP/1.1 and JSON, from an address of one's own: the loopback network has 127.0.0.1 to 127.255.255.254."""

import http.client
import json
import ssl

import kamtest


class Caller:
    """One connection from one address."""

    def __init__(self, server, address="127.0.0.1"):
        context = ssl.create_default_context(cafile=server.ca)
        self.connection = http.client.HTTPSConnection("localhost", server.port, context=context, source_address=(address, 0), timeout=60 * kamtest.PATIENCE)

    def call(self, method, request, token=""):
        """Answers the status, the headers but for those that tell of the moment, and the body."""
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = "Bearer " + token
        self.connection.request("POST", "/kam.v1." + method, json.dumps(request), headers)
        response = self.connection.getresponse()
        body = response.read()
        return response.status, sorted(header for header in response.getheaders() if header[0] not in ("date", "kam-revision")), body

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def sign_in(server, user, password, address="127.0.0.1"):
    """One try on a connection of its own; answers the status and the reply as a dict."""
    with Caller(server, address) as caller:
        status, _, body = caller.call("SessionService/SignIn", {"user": user, "password": password})
        return status, json.loads(body)
