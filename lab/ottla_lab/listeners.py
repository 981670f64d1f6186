"""The listeners a cluster can have, and the broker and client settings each needs.

PLAINTEXT        always there; brokers talk to each other over it. With an authorizer its user,
                 User:ANONYMOUS, is a super user: test rights through the others.
SSL              server certificate; a client certificate is asked for but not needed
MTLS             a client certificate is required; CN=client becomes User:client
SSL_EXPIRED      the server certificate has expired
SSL_UNKNOWN_CA   the server certificate is from a CA that clients do not know
SASL_PLAINTEXT   PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER (unsecured tokens)
SASL_SSL         the same over TLS, with signed OAUTHBEARER tokens (oauth.TokenServer)
WAN*             PLAINTEXT, advertised at other ports, where a WanLink listens
"""

from . import certificates, oauth

USERS = {"admin": "admin-secret", "alice": "alice-secret", "bob": "bob-secret"}
SUPER_USERS = "User:admin;User:ANONYMOUS"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")

_PROTOCOLS = {
    "PLAINTEXT": "PLAINTEXT",
    "SSL": "SSL",
    "MTLS": "SSL",
    "SSL_EXPIRED": "SSL",
    "SSL_UNKNOWN_CA": "SSL",
    "SASL_PLAINTEXT": "SASL_PLAINTEXT",
    "SASL_SSL": "SASL_SSL",
}
_PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
_OAUTH_MODULE = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"


def protocol(listener: str) -> str:
    if listener.startswith("WAN"):
        return "PLAINTEXT"
    if listener not in _PROTOCOLS:
        raise ValueError(f"no listener named {listener}; known: {', '.join(_PROTOCOLS)}, WAN*")
    return _PROTOCOLS[listener]


def uses_sasl(listeners) -> bool:
    return any(protocol(name).startswith("SASL") for name in listeners)


def scram_credentials() -> list[str]:
    """Arguments of `kafka-storage format` that create the users."""
    arguments = []
    for user, password in USERS.items():
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            arguments += ["--add-scram", f"{mechanism}=[name={user},password={password}]"]
    return arguments


def _tls_settings(name: str) -> dict[str, str]:
    certs = certificates.ensure()
    server = {"SSL_EXPIRED": "expired", "SSL_UNKNOWN_CA": "stranger"}.get(name, "server")
    return {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(certs.keystore(server)),
        "ssl.keystore.password": certificates.PASSWORD,
        "ssl.truststore.type": "PKCS12",
        "ssl.truststore.location": str(certs.truststore),
        "ssl.truststore.password": certificates.PASSWORD,
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        "ssl.client.auth": "required" if name == "MTLS" else "requested",
    }


def _sasl_settings(signed_tokens: bool) -> dict[str, str]:
    users = " ".join(f'user_{user}="{password}"' for user, password in USERS.items())
    settings = {
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "plain.sasl.jaas.config": f"{_PLAIN_MODULE} required {users};",
        "scram-sha-256.sasl.jaas.config": f"{_SCRAM_MODULE} required;",
        "scram-sha-512.sasl.jaas.config": f"{_SCRAM_MODULE} required;",
    }
    if signed_tokens:
        settings |= oauth.broker_settings()
    else:
        settings["oauthbearer.sasl.jaas.config"] = (
            f'{_OAUTH_MODULE} required unsecuredLoginStringClaim_sub="broker";'
        )
    return settings


def broker_settings(names) -> dict[str, str]:
    settings = {}
    for name in names:
        own = {}
        if "SSL" in protocol(name):
            own |= _tls_settings(name)
        if protocol(name).startswith("SASL"):
            own |= _sasl_settings(signed_tokens=name == "SASL_SSL")
        settings |= {f"listener.name.{name.lower()}.{key}": value for key, value in own.items()}
    return settings


def client_settings(
    listener: str,
    mechanism: str = "PLAIN",
    user: str = "alice",
    password: str | None = None,
    token_url: str | None = None,
    certificate: str = "client",
) -> dict[str, str]:
    """Settings of a Java client for that listener (the agent's "client" field, a tool's file)."""
    settings = {"security.protocol": protocol(listener)}
    if "SSL" in settings["security.protocol"]:
        certs = certificates.ensure()
        settings |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(certs.ca)}
        if listener == "MTLS":
            settings |= {
                "ssl.keystore.type": "PKCS12",
                "ssl.key.password": certificates.PASSWORD,
                "ssl.keystore.location": str(certs.keystore(certificate)),
                "ssl.keystore.password": certificates.PASSWORD,
            }
    if not settings["security.protocol"].startswith("SASL"):
        return settings
    settings["sasl.mechanism"] = mechanism
    if mechanism == "OAUTHBEARER" and listener == "SASL_SSL":
        return settings | oauth.client_settings(user, token_url)
    if mechanism == "OAUTHBEARER":
        login = f'{_OAUTH_MODULE} required unsecuredLoginStringClaim_sub="{user}"'
    else:
        module = _PLAIN_MODULE if mechanism == "PLAIN" else _SCRAM_MODULE
        secret = password if password is not None else USERS[user]
        login = f'{module} required username="{user}" password="{secret}"'
    return settings | {"sasl.jaas.config": login + ";"}
