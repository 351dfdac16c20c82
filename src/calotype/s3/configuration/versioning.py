"""Whether a bucket keeps versions (S3 "Versioning", s3.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.configuration.errors import IllegalVersioningConfiguration
from calotype.s3.configuration.on_configuration import PutsConfiguration
from calotype.s3.documents import one_of, parsed_body
from calotype.s3.errors import OperationNotImplemented
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request
from calotype.store.model import Versioning

STATES = (Versioning.ENABLED.value, Versioning.SUSPENDED.value)


@dataclass(frozen=True, slots=True)
class PutBucketVersioning(PutsConfiguration):
    """`status` is Enabled or Suspended: nobody goes back to never having kept versions."""

    name = "PutBucketVersioning"
    sub_resource = "versioning"
    action = "s3:PutBucketVersioning"

    status: Versioning

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        root = parsed_body(request.body, "VersioningConfiguration")
        if root.child("Status") is None:
            raise IllegalVersioningConfiguration("The Versioning element must be specified")
        status = Versioning(one_of(root, "Status", STATES))
        if root.child("MfaDelete") is not None and one_of(root, "MfaDelete", ("Enabled", "Disabled")) == "Enabled":
            raise OperationNotImplemented("MFA delete is not implemented.", Element="MfaDelete")
        return cls(bucket_of(request), status)

    def to_request(self) -> S3Request:
        return self.request_with(versioning_document(self.status))


def versioning_document(state: Versioning) -> bytes:
    """A bucket that never kept versions has no status."""
    status: list[xml.Node] = [] if state is Versioning.UNVERSIONED else [("Status", state.value)]
    return xml.document("VersioningConfiguration", *status)
