"""OAUTHBEARER with signed tokens: a test key, its JWKS file, tokens, and a token endpoint."""

import base64
import functools
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

from . import certificates, ports

ISSUER = "https://issuer.ottla.test"
AUDIENCE = "ottla-lab"
KEY_ID = "lab"
_HANDLERS = "org.apache.kafka.common.security.oauthbearer"
_VALIDATOR = f"{_HANDLERS}.OAuthBearerValidatorCallbackHandler"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _key_file():
    return certificates.ensure().key("server")  # any RSA key of the tests will do


@functools.cache
def jwks_file():
    """The public half of the signing key, as a broker wants it."""
    out = subprocess.run(
        ["openssl", "rsa", "-in", str(_key_file()), "-noout", "-modulus"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    modulus = bytes.fromhex(out.strip().partition("=")[2])
    key = {
        "kty": "RSA",
        "kid": KEY_ID,
        "use": "sig",
        "alg": "RS256",
        "n": _encode(modulus),
        "e": _encode(b"\x01\x00\x01"),
    }
    path = certificates.ensure().folder / "jwks.json"
    path.write_text(json.dumps({"keys": [key]}))
    return path


def token(subject: str, lifetime_s: int = 3600, **claims) -> str:
    """A JWT signed with RS256. Extra claims override the usual ones (exp, aud, ...)."""
    now = int(time.time())
    payload = {
        "sub": subject,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "scope": "kafka",
        "iat": now,
        "exp": now + lifetime_s,
    } | claims
    header = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, payload))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(_key_file())],
        input=signed.encode(),
        check=True,
        capture_output=True,
    ).stdout
    return f"{signed}.{_encode(signature)}"


class TokenServer:
    """An identity provider's token endpoint (client credentials grant) on loopback: issues a token
    whose subject is the client id. The client secret must be '<client id>-secret'."""

    def __init__(self, lifetime_s: int = 3600):
        self.issued = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                client, secret = _credentials(self.headers.get("Authorization", ""), body)
                if not client or secret != f"{client}-secret":
                    return self._answer(401, {"error": "invalid_client"})
                owner.issued += 1
                return self._answer(
                    200,
                    {
                        "access_token": token(client, lifetime_s),
                        "token_type": "Bearer",
                        "expires_in": lifetime_s,
                    },
                )

            def _answer(self, status: int, body: dict):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:
                    pass  # the client has gone meanwhile

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", ports.reserve_port()), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _credentials(authorization: str, body: str) -> tuple[str, str]:
    if authorization.startswith("Basic "):
        client, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        return client, secret
    form = urllib.parse.parse_qs(body)
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


def jvm_properties(token_url: str | None = None) -> dict[str, str]:
    """Kafka refuses URLs that its JVM was not told of."""
    urls = [f"file:{jwks_file()}"] + ([token_url] if token_url else [])
    return {"org.apache.kafka.sasl.oauthbearer.allowed.urls": ",".join(urls)}


def broker_settings() -> dict[str, str]:
    prefix = "oauthbearer.sasl"
    return {
        f"{prefix}.jaas.config": f"{_HANDLERS}.OAuthBearerLoginModule required;",
        f"{prefix}.server.callback.handler.class": _VALIDATOR,
        f"{prefix}.oauthbearer.jwks.endpoint.url": f"file:{jwks_file()}",
        f"{prefix}.oauthbearer.expected.audience": AUDIENCE,
        f"{prefix}.oauthbearer.expected.issuer": ISSUER,
    }


def client_settings(user: str, token_url: str | None) -> dict[str, str]:
    if token_url is None:
        raise ValueError(
            "a signed OAUTHBEARER client needs token_url, from oauth.TokenServer().url"
        )
    login = f'clientId="{user}" clientSecret="{user}-secret"'
    return {
        "sasl.oauthbearer.token.endpoint.url": token_url,
        "sasl.login.callback.handler.class": f"{_HANDLERS}.OAuthBearerLoginCallbackHandler",
        "sasl.jaas.config": f"{_HANDLERS}.OAuthBearerLoginModule required {login};",
    }
