"""Signing a PDF and looking whether it is still what was signed. The key comes from the keyring, the certificate is made by ourselves.

Such a certificate proves that nothing was changed since and that this site signed; who stands behind the site no authority vouches for.
It says so in its name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from dataclasses import dataclass
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

OWN_MADE: Final = "Honghua contract seal, self-made: no authority vouches for it"  # a common name has at most 64
PURPOSE: Final = b"honghua contract signing v1"
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
VALID_FOR: Final = dt.timedelta(days=3_650)
FIELD: Final = "Honghua"
KEY_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class Signed:
    """What was found in a signed PDF. covers_all: nothing was added after it; certificate: DER of the signer's."""

    is_intact: bool
    covers_all: bool
    certificate: bytes


def derive_key(master: bytes) -> ec.EllipticCurvePrivateKey:
    """The signing key of a site, from a key of its keyring: always the same one."""
    drawn = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE).derive(master)
    return ec.derive_private_key(int.from_bytes(drawn, "big") % (ORDER - 1) + 1, ec.SECP256R1())


def make_certificate(master: bytes, *, now: dt.datetime) -> bytes:
    """A certificate of the site's signing key by itself, DER."""
    key = derive_key(master)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, OWN_MADE)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.DER)


def is_of_key(certificate: bytes, master: bytes) -> bool:
    """Whether a certificate is of the site's present signing key."""
    theirs = x509.load_der_x509_certificate(certificate).public_key()
    ours = derive_key(master).public_key()
    return isinstance(theirs, ec.EllipticCurvePublicKey) and theirs.public_numbers() == ours.public_numbers()


def sign_pdf(pdf: bytes, master: bytes, certificate: bytes, *, reason: str) -> bytes:
    """The PDF with a signature over all of it; nothing may be changed afterwards."""
    key = derive_key(master).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore(),
    )
    meta = PdfSignatureMetadata(
        field_name=FIELD, reason=reason, name=OWN_MADE, certify=True, docmdp_permissions=MDPPerm.NO_CHANGES, md_algorithm="sha256"
    )  # fmt: skip
    out = io.BytesIO()
    PdfSigner(meta, signer, new_field_spec=SigFieldSpec(FIELD)).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out
    )
    return out.getvalue()


def read_signature(pdf: bytes, *, at: dt.datetime) -> Signed | None:
    """What the signature of a PDF says; None where there is none, or not exactly one. Asks nobody outside."""
    found = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    if len(found) != 1:
        return None
    certificate = found[0].signer_cert
    trust = ValidationContext(trust_roots=[certificate], allow_fetching=False, moment=at)
    status = validate_pdf_signature(found[0], signer_validation_context=trust)
    covers_all = status.coverage is SignatureCoverageLevel.ENTIRE_FILE and status.docmdp_ok
    return Signed(bool(status.intact and status.valid), bool(covers_all), certificate.dump())


def fingerprint(certificate: bytes) -> bytes:
    """SHA-256 of a certificate."""
    return hashlib.sha256(certificate).digest()
