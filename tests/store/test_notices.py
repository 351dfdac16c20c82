"""What the owner should know: one of each, the latest kept."""

from calotype.store.notices import MOST_NOTICES, Notices


def test_a_notice_seen_again_is_counted_and_comes_first():
    notices = Notices()
    for subject, at_ms in (("a", 1), ("b", 2), ("a", 3)):
        notices.add("account", "kind", subject, f"at {at_ms}", at_ms)
    assert [(notice.subject, notice.message, notice.count) for notice in notices.of("account")] == [
        ("a", "at 3", 2),
        ("b", "at 2", 1),
    ]
    assert notices.of("another") == []
    notices.remove("account", "kind", "a")
    notices.remove("account", "kind", "never there")
    assert [notice.subject for notice in notices.of("account")] == ["b"]


def test_they_stay_few_however_much_goes_wrong():
    notices = Notices()
    for number in range(3 * MOST_NOTICES):
        notices.add("account", "kind", str(number), "", number)
    kept = notices.of("account")
    assert len(kept) == MOST_NOTICES
    assert kept[0].subject == str(3 * MOST_NOTICES - 1)
