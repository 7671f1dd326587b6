"""Reminders of a due day: what holds without a word, and what the customer's own word changes at once."""

from __future__ import annotations

from honghua.customers import api as customers
from honghua.customers.core import ReminderChannel, ReminderChoice


def chosen(me):
    with me.site.pool.connection() as conn:
        return customers.find_reminder_choices(conn, [me.name]).get(me.name)


def test_everybody_is_reminded_until_they_say_otherwise(me):
    assert "/my/reminders" in me.get("/my/settings")
    page = me.get("/my/reminders")
    assert "<strong>短信提醒</strong>" in page
    assert "3 / 1 / 0 天" in page
    assert "08:00 至 22:00" in page
    assert chosen(me) is None
    assert "<strong>不提醒</strong>" in me.follow(me.send("/my/reminders", how="none"))
    assert chosen(me) == ReminderChoice(channel=ReminderChannel.NONE)
    assert "<strong>短信提醒,自动扣款时也提醒</strong>" in me.follow(me.send("/my/reminders", how="always"))
    assert chosen(me) == ReminderChoice(if_debited=True)


def test_what_is_not_offered_changes_nothing(me):
    me.get("/my/reminders")
    for how in ("", "voice", "dove"):
        assert me.send("/my/reminders", how=how).status_code == 422
    assert chosen(me) is None
