"""Certificate authorities and certificates for TLS, made by the openssl program."""

import pathlib

from harness.processes import run

# No test outlives a day.
_VALID_DAYS = 2


class Authority:
    """A CA of its own, in a folder of its own."""

    def __init__(self, folder, name="Test CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        _openssl(
            *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
            *["-subj", f"/CN={name}", "-days", _VALID_DAYS],
            *["-keyout", self._key, "-out", self.certificate],
        )

    def issue(self, name, host="localhost", days=_VALID_DAYS, key_type="ecdsa"):
        """A Pair; with `days` negative it has expired."""
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        kinds = {"rsa": ["rsa:2048"], "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}
        _openssl(
            *["req", "-new", "-newkey", *kinds[key_type], "-nodes", "-subj", f"/CN={name}"],
            *["-addext", f"subjectAltName=DNS:{host}", "-keyout", pair.key, "-out", request],
        )
        _openssl(
            *["x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key],
            *["-CAcreateserial", "-copy_extensions", "copy", "-days", days],
            *["-out", pair.certificate],
        )
        pair.key.chmod(0o600)
        return pair


class Pair:
    """A certificate and its private key, each in a PEM file."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key


def _openssl(*arguments):
    run(["openssl", *arguments], check=True)
