"""PostObject, done on the store: a browser's form becomes a PutObject by the words of its policy."""

from __future__ import annotations

from dataclasses import dataclass

from calotype.auth.checksums import Checksum
from calotype.auth.principal import Principal
from calotype.http.message import Headers, Response
from calotype.s3.addressing import Address, bucket_of_host, path_of
from calotype.s3.authentication import application_key
from calotype.s3.call import Call
from calotype.s3.errors import EntityTooLarge
from calotype.s3.forms.form_body import FormBody, boundary_of
from calotype.s3.forms.form_fields import FormFields, Uploaded, success_redirect, success_status
from calotype.s3.forms.form_signature import signed_policy_of
from calotype.s3.forms.post_object import PostObject
from calotype.s3.forms.post_policy import PostPolicy, parse_post_policy
from calotype.s3.objects.object_calls import put_content, written_headers
from calotype.s3.objects.object_operations import ContentChecksum, PutObject
from calotype.s3.objects.payload import MAX_OBJECT_BYTES, content_md5_of, hashers_of, verified_checksum, verify_md5
from calotype.s3.responses import xml_response
from calotype.store.incoming import IncomingBody
from calotype.store.model import Bucket


async def post_object(call: Call, asked: PostObject) -> Response:
    bucket = await call.bucket(asked.bucket)
    form = FormBody(call.body, boundary_of(call.request.headers.get("content-type")))
    fields = await form.fields()
    policy = await authenticated_policy(call, bucket, fields)
    put_request = fields.to_put(bucket.name)
    call.headers = call.headers.merge(put_request.headers)  # a form's fields are its header fields, to policies too
    put = PutObject.from_request(put_request)
    content = FormFile(form, policy, put.checksum, content_md5_of(put_request.headers))
    version = await put_content(call, bucket, put, content)
    uploaded = Uploaded(location(call, bucket, put.key), bucket.name, fields.key, version.etag)
    headers = [("etag", uploaded.quoted), ("location", uploaded.location), *written_headers(bucket, version)]
    return answer(fields, uploaded, Headers(headers))


async def authenticated_policy(call: Call, bucket: Bucket, fields: FormFields) -> PostPolicy | None:
    """The policy that the form keeps to, its signer now the caller; None for a form of nobody's."""
    signed = signed_policy_of(
        fields, region=call.settings.region, accepts_version_2=call.settings.accepts_version_2_forms
    )
    if signed is None:
        return None
    key = await application_key(call, signed.key_id)
    signed.verify(key.secret)
    policy = parse_post_policy(signed.text)
    policy.check_fields(fields.to_check(bucket.name), call.now_ms / 1000)
    call.principal = Principal.of(key)
    call.condition_values["s3:signatureversion"] = (signed.signature_version,)
    return policy


@dataclass(slots=True)
class FormFile:
    """The file of a form as an object's content: how long it is shows only at its end."""

    form: FormBody
    policy: PostPolicy | None
    checksum: ContentChecksum | None
    content_md5: str | None
    length: None = None

    def hashers(self) -> dict[str, Checksum]:
        return hashers_of(self.checksum.algorithm if self.checksum is not None else None)

    async def received_by(self, body: IncomingBody) -> ContentChecksum | None:
        """Write the file into the body, to the end of the form; raises for what is not as the form or policy say."""
        async for piece in self.form.content():
            if self.policy is not None:
                self.policy.check_length_so_far(body.length + len(piece))
            if body.length + len(piece) > MAX_OBJECT_BYTES:
                raise EntityTooLarge(MaxSizeAllowed=str(MAX_OBJECT_BYTES))
            await body.write(piece)
        await self.form.finish()
        if self.policy is not None:
            self.policy.check_length(body.length)
        digests = await body.finish()
        verify_md5(self.content_md5, digests)
        return verified_checksum(self.checksum, digests)


def location(call: Call, bucket: Bucket, key: bytes) -> str:
    """The object's address, in the style in which the form was sent."""
    host = call.request.host or ""
    is_path_style = bucket_of_host(host, call.settings.s3_hosts) is None
    return f"{call.request.scheme}://{host}{path_of(Address(bucket.name, key), path_style=is_path_style)}"


def answer(fields: FormFields, uploaded: Uploaded, headers: Headers) -> Response:
    """As the form wishes: on to another page, or one of three statuses, 204 when it says nothing."""
    redirect = uploaded.redirect(success_redirect(fields))
    if redirect is not None:
        return Response(303, headers.set("location", redirect))
    status = success_status(fields)
    if status != 201:
        return Response(status, headers)
    response = xml_response(uploaded.document())
    return Response(status, headers.merge(response.headers), response.body)
