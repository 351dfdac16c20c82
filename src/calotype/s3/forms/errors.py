"""What goes wrong with a form: how it is written, how long it is, and what its policy allows.

S3Error
└─ 400  InvalidPolicyDocument, MalformedPOSTRequest, MaxPostPreDataLengthExceeded
"""

from __future__ import annotations

from calotype.s3.errors import S3Error


class InvalidPolicyDocument(S3Error):
    """The policy of a form."""

    status, code = 400, "InvalidPolicyDocument"
    default_message = "The content of the form does not meet the conditions specified in the policy document."


class MalformedPOSTRequest(S3Error):
    status, code = 400, "MalformedPOSTRequest"
    default_message = "The body of your POST request is not well-formed multipart/form-data."


class MaxPostPreDataLengthExceeded(S3Error):
    status, code = 400, "MaxPostPreDataLengthExceededError"
    default_message = "Your POST request fields preceding the upload file were too large."
