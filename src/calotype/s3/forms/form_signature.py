"""Who signed a form: its policy, in Signature V4 or in the V2 that forms in the wild still carry (s3.md §9)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from calotype.auth.signed_request import ALGORITHM, SCOPE_END, CredentialScope
from calotype.auth.sigv4 import sign, signing_key
from calotype.s3.errors import InvalidArgument, SignatureDoesNotMatch
from calotype.s3.forms.errors import InvalidPolicyDocument
from calotype.s3.forms.form_fields import FormFields, missing_field


@dataclass(frozen=True, slots=True)
class SignedPolicy:
    """`policy` in base64, which is what was signed; `scope` None is Signature V2."""

    policy: str
    key_id: str
    signature: str
    scope: CredentialScope | None

    @property
    def signature_version(self) -> str:
        """As conditions of bucket policies call it (s3:signatureversion)."""
        return "AWS" if self.scope is None else ALGORITHM

    @property
    def text(self) -> bytes:
        """The policy itself; raises InvalidPolicyDocument."""
        try:
            return base64.b64decode("".join(self.policy.split()), validate=True)
        except (binascii.Error, ValueError) as exc:
            raise InvalidPolicyDocument("Invalid Policy: it is not base64.") from exc

    def verify(self, secret: str) -> None:
        """Returns when the policy was signed with this secret; raises SignatureDoesNotMatch."""
        scope = self.scope
        expected = _version_2(secret, self.policy) if scope is None else _version_4(secret, scope, self.policy)
        if not hmac.compare_digest(expected.encode(), self.signature.encode("utf-8", "surrogateescape")):
            raise SignatureDoesNotMatch(SignatureProvided=self.signature, StringToSign=self.policy)


def _version_4(secret: str, scope: CredentialScope, policy: str) -> str:
    return sign(signing_key(secret, scope), policy.encode("utf-8", "surrogateescape").decode("latin-1"))


def _version_2(secret: str, policy: str) -> str:
    digest = hmac.new(secret.encode(), policy.encode("utf-8", "surrogateescape"), "sha1").digest()
    return base64.b64encode(digest).decode()


def signed_policy_of(fields: FormFields, *, region: str, accepts_version_2: bool) -> SignedPolicy | None:
    """The policy that a form carries with its signature, None for a form of nobody's; raises InvalidArgument."""
    is_version_4 = any(fields.get(name) for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-signature"))
    is_version_2 = "awsaccesskeyid" in fields.values or "signature" in fields.values
    if is_version_4:
        return SignedPolicy(_needed(fields, "policy"), *_credential(fields, region))
    if is_version_2:
        if not accepts_version_2:
            raise InvalidArgument("Signature version 2 is switched off here; sign the form with version 4.")
        policy, key_id = _needed(fields, "policy"), _needed(fields, "AWSAccessKeyId")
        return SignedPolicy(policy, key_id, _needed(fields, "signature"), None)
    if "policy" in fields.values:
        _needed(fields, "AWSAccessKeyId")
    return None


def _credential(fields: FormFields, region: str) -> tuple[str, str, CredentialScope]:
    """Key id, signature and scope of a form that is signed in version 4."""
    if _needed(fields, "x-amz-algorithm") != ALGORITHM:
        raise InvalidArgument.of(
            "x-amz-algorithm", fields.get("x-amz-algorithm"), f"The algorithm of a form must be {ALGORITHM}."
        )
    credential = _needed(fields, "x-amz-credential")
    key_id, *scope = credential.rsplit("/", 4)
    moment = _needed(fields, "x-amz-date")
    expected = [moment[:8], region, "s3", SCOPE_END]
    if scope != expected:
        raise InvalidArgument.of(
            "x-amz-credential", credential, f"The credential's scope must be {'/'.join(expected)} for this form."
        )
    return key_id, _needed(fields, "x-amz-signature"), CredentialScope(moment[:8], region, "s3")


def _needed(fields: FormFields, name: str) -> str:
    value = fields.get(name.lower())
    if not value:
        raise missing_field(name)
    return value
