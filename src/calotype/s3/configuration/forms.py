"""The forms that operations on configurations have: read it, put it with a document, delete it."""

from __future__ import annotations

from dataclasses import dataclass

from calotype.s3 import xml
from calotype.s3.bucket_operations import OnBucket
from calotype.s3.errors import MalformedXML
from calotype.s3.operation import Operation, Scope, TransactionClass
from calotype.s3.request import S3Request


@dataclass(frozen=True, slots=True)
class GetsConfiguration(OnBucket):
    method = "GET"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C


@dataclass(frozen=True, slots=True)
class DeletesConfiguration(OnBucket):
    method = "DELETE"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C


@dataclass(frozen=True, slots=True)
class PutsConfiguration(Operation):
    """What is put is the rest of its fields."""

    method = "PUT"
    scope = Scope.BUCKET
    transaction_class = TransactionClass.C
    has_document = True

    bucket: str

    def request_with(self, body: bytes) -> S3Request:
        return S3Request(self.method, self.bucket, query=((self.sub_resource or "", ""),), body=body)


def malformed(reason: str) -> MalformedXML:
    return MalformedXML(f"{MalformedXML.default_message}: {reason}")


def one_of(element: xml.Element, name: str, words: tuple[str, ...]) -> str:
    """The text of a child that is one of the words, letter by letter; raises MalformedXML."""
    text = element.text_of(name)
    if text not in words:
        raise malformed(f"{name} is {' or '.join(words)}, not {text!r}")
    return text


def whole_number(element: xml.Element, name: str) -> int | None:
    """The number in a child, None when there is no such child; raises MalformedXML for what is none."""
    text = element.text_of(name)
    if text is None:
        return None
    digits = text.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise malformed(f"{name} is a whole number, not {text!r}")
    return int(text)


LONGEST_NUMBER = 18
"""Digits, which 64 bits hold."""
