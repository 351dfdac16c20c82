"""XML as S3 reads and writes it: elements with text, one namespace, and attributes nowhere but in an ACL's grants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self
from xml.parsers import expat

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# DeleteObjects with 1,000 keys of 1,024 bytes, every byte as a character reference, is the largest document there is.
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 16
# CompleteMultipartUpload names 10,000 parts, each with number, ETag and up to five checksums.
MAX_ELEMENTS = 81_000

_TO_ESCAPE = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]')


class XMLError(Exception):
    """A document that cannot be read, or that asks for too much."""


@dataclass(slots=True)
class Element:
    """Names without namespace; `text` directly inside the element, with its white space."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)
    attributes: Mapping[str, str] = field(default_factory=dict)

    def child(self, name: str) -> Element | None:
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[Element]:
        return (child for child in self.children if child.name == name)

    def text_of(self, name: str) -> str | None:
        """The text of the first child of this name, or None when there is none."""
        child = self.child(name)
        return child.text if child is not None else None


Content = str | list["Node"]
Node = tuple[str, Content]


class Tag(str):
    """The name of an element that has attributes; in a node it takes the name's place. `attributes` is as written."""

    __slots__ = ("attributes",)
    attributes: str

    def __new__(cls, name: str, attributes: Mapping[str, str]) -> Self:
        tag = super().__new__(cls, name)
        tag.attributes = "".join([f' {key}="{escape(text)}"' for key, text in attributes.items()])
        return tag


def document(root: str, *children: Node, namespace: str | None = NAMESPACE, followed_by: Iterable[str] = ()) -> bytes:
    """A whole document: each child is a name with its text or with its own children. Behind them comes what is XML
    already, in pieces."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    inner = [rendered(child) for child in children]
    return "".join([f"{DECLARATION}<{root}{attribute}>", *inner, *followed_by, f"</{root}>"]).encode()


def rendered(node: Node) -> str:
    """An element as it stands in a document."""
    name, content = node
    inner = escape(content) if isinstance(content, str) else "".join([rendered(child) for child in content])
    tag = name + name.attributes if isinstance(name, Tag) else name
    return f"<{tag}>{inner}</{name}>" if inner else f"<{tag}/>"


def escape(text: str) -> str:
    """Text as it stands in an element.

    What XML 1.0 cannot hold becomes U+FFFD, so that the document can be read at all: a client that has such keys asks
    for `encoding-type=url`.
    """
    if text.isalnum():  # most of a listing's texts, and quicker to see than by the expression
        return text
    return _TO_ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0], "\ufffd")


_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


def parse(content: bytes) -> Element:
    """The root element; raises XMLError for what is not XML, has a document type, or exceeds the limits."""
    if len(content) > MAX_DOCUMENT_BYTES:
        raise XMLError(f"the document is longer than {MAX_DOCUMENT_BYTES} bytes")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    # Entities can be declared only inside a document type, so refusing it refuses them all.
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as exc:
        raise XMLError(f"line {exc.lineno}, column {exc.offset + 1}: {expat.ErrorString(exc.code)}") from exc
    except (LookupError, ValueError) as exc:  # of a declared encoding that Python does not have, or expat cannot use
        raise XMLError(str(exc)) from exc
    assert builder.root is not None
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise XMLError(f"more than {MAX_DEPTH} levels or {MAX_ELEMENTS} elements")
        element = Element(name.rpartition(" ")[2])
        if attributes:
            element.attributes = {key.rpartition(" ")[2]: text for key, text in attributes.items()}
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].text += text

    def doctype(self, *_declaration: object) -> None:
        raise XMLError("a document type is not allowed")
