"""An issuer of identities for tests: keys and tokens by PyJWT, and its keys by HTTP.

A command is a line of JSON on standard input, and so is its answer on standard output. Ends with its input.
With a folder as argument it serves by HTTPS, and leaves there the certificate of its authority as `ca.pem`.
"""

import datetime
import ipaddress
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

KINDS = {
    "HS256": (jwt.algorithms.HMACAlgorithm, None),
    "RS256": (jwt.algorithms.RSAAlgorithm, lambda: rsa.generate_private_key(65537, 2048)),
    "ES256": (jwt.algorithms.ECAlgorithm, lambda: ec.generate_private_key(ec.SECP256R1())),
    "EdDSA": (jwt.algorithms.OKPAlgorithm, ed25519.Ed25519PrivateKey.generate),
}

keys = {}
served = b'{"keys":[]}'
behaviour = "well"
asked = 0
changed = threading.Condition()


def make_key(name, algorithm, secret=None):
    """A key of that name; what is public of it as PEM, or the secret."""
    to_jwk, make = KINDS[algorithm]
    private = secret if make is None else make()
    public = private if make is None else private.public_key()
    jwk = json.loads(to_jwk.to_jwk(public)) if make else json.loads(to_jwk.to_jwk(secret))
    keys[name] = (private, {**jwk, "kid": name, "use": "sig", "alg": algorithm}, algorithm)
    if make is None:
        return {"public": secret}
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return {"public": public.public_bytes(serialization.Encoding.PEM, form).decode()}


def sign(key, claims, kid=None, head=None):
    """A token, signed as its head says."""
    private, _, algorithm = keys[key]
    head = {**(head or {}), **({"kid": kid} if kid else {})}
    # Claims are not looked at here: some tests want wrong ones.
    return {"token": jwt.PyJWS().encode(json.dumps(claims).encode(), private, algorithm=algorithm, headers=head)}


def publish(names, others=(), named=True):
    """From now on these are the keys, among others as they are given."""
    global served
    own = [dict(keys[name][1]) for name in names]
    for key in own:
        if not named:
            del key["kid"]
    served = json.dumps({"keys": [*others, *own]}).encode()
    return {}


def behave(how):
    """Answers `well`, or `hang`s, `drip`s, or is `large`, `failing`, `elsewhere`."""
    global behaviour
    with changed:
        behaviour = how
        changed.notify_all()
    return {}


def count():
    """How often the keys were asked for."""
    return {"asked": asked}


class Handler(BaseHTTPRequestHandler):
    """Serves the keys."""

    def do_GET(self):
        global asked
        with changed:
            asked += 1
            changed.wait_for(lambda: behaviour != "hang")
        if behaviour == "failing":
            return self.send_error(500)
        if behaviour == "elsewhere":
            self.send_response(302)
            self.send_header("location", "/keys")
            return self.end_headers()
        body = b" " * 1_000_000 + served if behaviour == "large" else served
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with changed:
            while behaviour == "drip":
                self.wfile.write(b" ")
                changed.wait(0.1)
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def certificate(folder):
    """TLS with a certificate for 127.0.0.1 by an authority of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an issuer of tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    chain = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(f"{folder}/ca.pem", "wb") as file:
        file.write(chain)
    with open(f"{folder}/server.pem", "wb") as file:
        file.write(private + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.pem")
    return context


def main():
    """Serves, and does what it is told."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if len(sys.argv) > 1:
        server.socket = certificate(sys.argv[1]).wrap_socket(server.socket, server_side=True)
        scheme = "https"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    commands = {"key": make_key, "sign": sign, "publish": publish, "behave": behave, "count": count}
    print(json.dumps({"url": f"{scheme}://127.0.0.1:{server.server_port}/keys"}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(commands[command.pop("do")](**command)), flush=True)


main()
