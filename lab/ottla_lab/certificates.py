"""A CA and certificates for tests, made by openssl: files under build/lab/certificates.

<name>.pem and <name>.key without, <name>-encrypted.key, <name>.p12, <name>.jks with PASSWORD, for
  server    for localhost and 127.0.0.1          client    CN=client, for mTLS
  expired   as server, but it ended years ago    stranger  as server, but from another CA
ca.pem, truststore.p12, truststore.jks hold the CA; other-ca.pem the one nobody trusts.
"""

import fcntl
import pathlib
import shutil
import subprocess

from . import paths

PASSWORD = "changeit"
_STAMP = "2"
_EXPIRED = ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
_CA_CONFIG = """
[ca]
default_ca = test
[test]
new_certs_dir = .
database = {name}.index
serial = {name}.serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""


class Certificates:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    @property
    def ca(self) -> pathlib.Path:
        return self.folder / "ca.pem"

    @property
    def other_ca(self) -> pathlib.Path:
        return self.folder / "other-ca.pem"

    @property
    def truststore(self) -> pathlib.Path:
        return self.folder / "truststore.p12"

    def certificate(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.pem"

    def key(self, name: str, encrypted: bool = False) -> pathlib.Path:
        return self.folder / (f"{name}-encrypted.key" if encrypted else f"{name}.key")

    def keystore(self, name: str, form: str = "p12") -> pathlib.Path:
        return self.folder / f"{name}.{form}"


def _run(folder: pathlib.Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}{done.stdout}")


def _make_ca(folder: pathlib.Path, name: str) -> None:
    (folder / f"{name}.index").write_text("")
    (folder / f"{name}.serial").write_text("01\n")
    (folder / f"{name}.cnf").write_text(_CA_CONFIG.format(name=name))
    _run(
        folder,
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.pem",
        "-subj",
        f"/CN=Ottla lab {name}",
        "-days",
        "3650",
    )


def _make_leaf(
    folder: pathlib.Path, ca: str, name: str, common_name: str, validity: list[str]
) -> None:
    _run(
        folder,
        "openssl",
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.csr",
        "-subj",
        f"/CN={common_name}",
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
    )
    _run(
        folder,
        "openssl",
        "ca",
        "-batch",
        "-notext",
        "-config",
        f"{ca}.cnf",
        "-cert",
        f"{ca}.pem",
        "-keyfile",
        f"{ca}.key",
        "-in",
        f"{name}.csr",
        "-out",
        f"{name}.pem",
        *validity,
    )
    _run(
        folder,
        "openssl",
        "pkcs8",
        "-topk8",
        "-in",
        f"{name}.key",
        "-out",
        f"{name}-encrypted.key",
        "-passout",
        f"pass:{PASSWORD}",
    )
    _run(
        folder,
        "openssl",
        "pkcs12",
        "-export",
        "-in",
        f"{name}.pem",
        "-inkey",
        f"{name}.key",
        "-certfile",
        f"{ca}.pem",
        "-name",
        name,
        "-out",
        f"{name}.p12",
        "-passout",
        f"pass:{PASSWORD}",
    )
    _run(
        folder,
        "keytool",
        "-importkeystore",
        "-noprompt",
        "-srckeystore",
        f"{name}.p12",
        "-srcstorepass",
        PASSWORD,
        "-destkeystore",
        f"{name}.jks",
        "-deststoretype",
        "JKS",
        "-deststorepass",
        PASSWORD,
    )


def _make(folder: pathlib.Path) -> None:
    valid = ["-days", "3650"]
    _make_ca(folder, "ca")
    _make_ca(folder, "other-ca")
    _make_leaf(folder, "ca", "server", "localhost", valid)
    _make_leaf(folder, "ca", "client", "client", valid)
    _make_leaf(folder, "ca", "expired", "localhost", _EXPIRED)
    _make_leaf(folder, "other-ca", "stranger", "localhost", valid)
    for store, form in (("truststore.p12", "PKCS12"), ("truststore.jks", "JKS")):
        _run(
            folder,
            "keytool",
            "-importcert",
            "-noprompt",
            "-alias",
            "ca",
            "-file",
            "ca.pem",
            "-keystore",
            store,
            "-storetype",
            form,
            "-storepass",
            PASSWORD,
        )


def ensure() -> Certificates:
    """Makes them on first use (a few seconds), then returns the same ones."""
    folder = paths.CERTIFICATES
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = folder / "stamp"
    if not (stamp.exists() and stamp.read_text() == _STAMP):
        with open(folder.parent / "certificates.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (stamp.exists() and stamp.read_text() == _STAMP):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                _make(folder)
                stamp.write_text(_STAMP)
    return Certificates(folder)
