from __future__ import annotations

import msgspec
import pytest

from calotype.cloudflare.errors import BY_STATUS_AND_CODE, CloudflareError, InvalidRule, NoSuchZone
from calotype.cloudflare.json import Message, ResultInfo, error_response, page_of, read_answer, to_response


def content_of(error: CloudflareError) -> bytes:
    body = error_response(error).body
    assert isinstance(body, bytes)
    return body


def test_a_result_stands_in_the_envelope() -> None:
    response = to_response({"id": "1"}, messages=[Message(code=10000, message="active")])
    assert isinstance(response.body, bytes)
    assert response.status == 200
    assert msgspec.json.decode(response.body) == {
        "success": True,
        "errors": [],
        "messages": [{"code": 10000, "message": "active"}],
        "result": {"id": "1"},
    }


def test_an_error_stands_in_the_envelope_with_its_pointer() -> None:
    response = error_response(InvalidRule("unknown field", pointer="/rules/0/expression"))
    assert response.status == 400
    assert msgspec.json.decode(content_of(InvalidRule("unknown field", pointer="/rules/0/expression"))) == {
        "success": False,
        "errors": [{"code": 20127, "message": "unknown field", "source": {"pointer": "/rules/0/expression"}}],
        "messages": [],
        "result": None,
    }


@pytest.mark.parametrize(
    ("count", "page", "shown", "total_pages"),
    [(0, 1, [], 0), (5, 1, [0, 1], 3), (5, 3, [4], 3), (5, 4, [], 3), (4, 2, [2, 3], 2)],
)
def test_a_page_says_where_it_stands(count: int, page: int, shown: list[int], total_pages: int) -> None:
    items, info = page_of(list(range(count)), page, 2)
    assert items == shown
    assert info == ResultInfo(page=page, per_page=2, count=len(shown), total_count=count, total_pages=total_pages)


@pytest.mark.parametrize("error_class", BY_STATUS_AND_CODE.values(), ids=lambda each: each.__name__)
def test_every_error_written_and_read_again_is_the_same_class(error_class: type[CloudflareError]) -> None:
    written = error_class("what is wrong", pointer="/a/0")
    with pytest.raises(error_class) as caught:
        read_answer(error_class.status, content_of(written))
    assert type(caught.value) is error_class
    assert (caught.value.message, caught.value.pointer) == ("what is wrong", "/a/0")


def test_status_and_code_tell_every_class_from_the_others() -> None:
    def count(root: type[CloudflareError]) -> int:
        return sum(1 + count(each) for each in root.__subclasses__())

    assert len(BY_STATUS_AND_CODE) == count(CloudflareError)


def test_an_error_that_is_not_known_keeps_status_code_and_every_message() -> None:
    content = b'{"success": false, "errors": [{"code": 81044, "message": "a"}, {"code": 2, "message": "b"}]}'
    with pytest.raises(CloudflareError, match="a; b") as caught:
        read_answer(400, content)
    assert (type(caught.value), caught.value.status, caught.value.code) == (CloudflareError, 400, 81044)
    assert [each["code"] for each in caught.value.errors] == [81044, 2]


def test_an_answer_with_null_for_a_list_is_an_error_all_the_same() -> None:
    with pytest.raises(CloudflareError):
        read_answer(200, b'{"success": false, "errors": null}')


@pytest.mark.parametrize(
    ("status", "content"),
    [(502, b"<html>Bad gateway</html>"), (200, b""), (404, b"\xff"), (500, b'{"success": true, "result": 1}')],
)
def test_an_answer_that_is_none_of_the_api_is_an_error_with_its_status(status: int, content: bytes) -> None:
    with pytest.raises(CloudflareError) as caught:
        read_answer(status, content)
    assert caught.value.status == status


def test_the_first_error_of_the_tree_is_told_by_its_number() -> None:
    assert BY_STATUS_AND_CODE[404, 1001] is NoSuchZone
