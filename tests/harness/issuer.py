# SPDX-License-Identifier: Apache-2.0
"""A small issuer of ID tokens: keys and signatures by the openssl command, its description and key set over HTTPS with an authority of its own.

    issuer = Issuer(folder)
    issuer.start()
    token = issuer.token(email="jane@example.com", email_verified=True)
"""

import base64
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.parse


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def encode(data):
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A private key in a file, and what of it goes into a key set."""

    def __init__(self, folder, key_id, kind="ES256", bits=2048):
        self.id, self.kind, self.file = key_id, kind, os.path.join(folder, "key-%s.pem" % os.urandom(8).hex())
        if kind == "RS256":
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits, "-out", self.file)
            modulus = openssl("rsa", "-in", self.file, "-noout", "-modulus").decode().strip().split("=")[1]
            self.public = {"kty": "RSA", "kid": key_id, "use": "sig", "alg": "RS256", "n": encode(bytes.fromhex(modulus)), "e": "AQAB"}
        else:
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.file)
            point = openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")[-64:]
            self.public = {"kty": "EC", "kid": key_id, "crv": "P-256", "x": encode(point[:32]), "y": encode(point[32:])}

    def public_pem(self):
        return openssl("pkey", "-in", self.file, "-pubout")

    def sign(self, text):
        signature = openssl("dgst", "-sha256", "-sign", self.file, data=text)
        return signature if self.kind == "RS256" else self._raw(signature)

    @staticmethod
    def _raw(der):
        """r and s of 32 bytes each, out of DER."""
        numbers, at = [], 2
        for _ in range(2):
            size = der[at + 1]
            numbers.append(int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big"))
            at += 2 + size
        return b"".join(numbers)


class Authority:
    """A certificate authority of one's own."""

    def __init__(self, folder, name):
        self.folder, self.pem, self.key = folder, os.path.join(folder, name + "-ca.pem"), os.path.join(folder, name + "-ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-days", "2", "-keyout", self.key,
                "-out", self.pem)

    def issue(self, name, alternative, *options, days=("-days", "2")):
        """A certificate and its key, as two files."""
        pem, key, request, extra = (os.path.join(self.folder, name + end) for end in (".pem", ".key", ".csr", ".ext"))
        with open(extra, "w") as file:
            file.write("subjectAltName=%s\nbasicConstraints=CA:FALSE\n" % alternative if alternative else "basicConstraints=CA:FALSE\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-extfile", extra, *days, *options, "-out", pem)
        return pem, key


class Issuer:
    def __init__(self, folder, client_id="kam"):
        self.folder, self.client_id = folder, client_id
        self.authority = Authority(folder, "issuer")
        self.certificate = self.authority.issue("issuer", "DNS:localhost,IP:127.0.0.1")
        self.keys, self.requests, self.port, self.server = [Key(folder, "one")], [], 0, None
        self.codes, self.person, self.denies = {}, {}, False  # person: whose browser it is, as claims

    @property
    def name(self):
        return "https://localhost:%d" % self.port

    def key_set(self):
        return {"keys": [key.public for key in self.keys]}

    def answer(self, path):
        """What there is at a path: a status and a document."""
        if path == "/.well-known/openid-configuration":
            return 200, {"issuer": self.name, "jwks_uri": self.name + "/keys", "authorization_endpoint": self.name + "/authorize?tenant=1",
                         "token_endpoint": self.name + "/token"}
        return (200, self.key_set()) if path == "/keys" else (404, {})

    def authorize(self, query):
        """Whoever comes is signed in at once: where their browser is sent. RFC 6749 section 4.1.1, RFC 7636 section 4.3."""
        asked = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
        sound = (asked["response_type"], asked["client_id"], asked["code_challenge_method"], asked["tenant"]) == ("code", self.client_id, "S256", "1")
        if not sound or "openid" not in asked["scope"].split() or not asked["redirect_uri"].startswith("http://127.0.0.1:"):
            return None
        code = "%s+/=&" % os.urandom(8).hex()
        self.codes[code] = asked
        answer = {"state": asked["state"], "iss": self.name, **({"error": "access_denied",
            "error_description": "not today"} if self.denies else {"code": code})}
        return asked["redirect_uri"] + "?" + urllib.parse.urlencode(answer)

    def exchange(self, form):
        """A code for a token, once, for whoever knows the verifier. RFC 7636 section 4.6."""
        given = dict(urllib.parse.parse_qsl(form, strict_parsing=True))
        asked = self.codes.pop(given["code"], None)
        if not asked or given["grant_type"] != "authorization_code" or (given["client_id"], given["redirect_uri"]) != (asked["client_id"],
            asked["redirect_uri"]) or \
                encode(hashlib.sha256(given["code_verifier"].encode()).digest()) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "the code is not known"}
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.token(**{"nonce": asked["nonce"], **self.person})}

    def start(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.requests.append(self.path)
                if self.path.startswith("/authorize?"):
                    place = issuer.authorize(self.path.split("?", 1)[1])
                    self.send_response(302 if place else 400)
                    self.send_header("location", place or "")
                    self.send_header("content-length", "0")
                    self.end_headers()
                else:
                    self.reply(*issuer.answer(self.path))

            def do_POST(self):
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                self.reply(*(issuer.exchange(form) if self.path == "/token" else (404, {})))

            def reply(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def claims(self, **changes):
        """Sound claims, but for the changes; None takes one away."""
        now = int(time.time())
        claims = {"iss": self.name, "aud": self.client_id, "sub": "user-1", "iat": now, "exp": now + 300, "jti": os.urandom(8).hex(), **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key=None, header=None, payload=None, **changes):
        """A token, signed by the newest key unless another is given; `header` changes its header, `payload` is one as text."""
        key = key or self.keys[-1]
        head = {"alg": key.kind, "typ": "JWT", "kid": key.id, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        text = "%s.%s" % (encode(head), encode(payload or self.claims(**changes)))
        return "%s.%s" % (text, encode(key.sign(text.encode())))
