"""Words of complaints, and of the warning of agents who sell “credit repair”."""

from __future__ import annotations

from typing import Final

COMPLAINING: Final[dict[str, tuple[str, str]]] = {
    "consumer.complaints_title": ("投诉", "Complaints"),
    "consumer.complaints_lead": ("投诉免费,由人工处理并在规定期限内答复,不需要任何中介。", "Complaining is free. A person answers within the days that the rules give; nobody in between is needed."),
    "consumer.complaints_mine": ("我的投诉", "My complaints"),
    "consumer.complaints_none": ("还没有投诉。", "No complaint yet."),
    "consumer.complaint_new": ("我要投诉", "Complain"),
    "consumer.complaint_about": ("关于", "About"),
    "consumer.complaint_about_bureau": ("征信记录", "my credit record"),
    "consumer.complaint_about_collection": ("催收", "collection"),
    "consumer.complaint_about_price": ("息费", "interest and fees"),
    "consumer.complaint_about_privacy": ("个人信息", "my personal data"),
    "consumer.complaint_about_service": ("服务", "service"),
    "consumer.complaint_words": ("用您自己的话说说情况", "What happened, in your own words"),
    "consumer.complaint_send": ("提交投诉", "Send"),
    "consumer.complaint_taken": ("已收到投诉 {number},最迟 {until} 答复。", "Complaint {number} is taken; it is answered by {until} at the latest."),
    "consumer.complaint_n": ("投诉 {number}", "Complaint {number}"),
    "consumer.complaint_due": ("最迟 {on} 答复", "answered by {on} at the latest"),
    "consumer.complaint_late": ("应于 {on} 前答复,已逾期,我们已提醒负责人", "should have been answered by {on}; people were alerted"),
    "consumer.complaint_answered": ("已于 {at} 答复", "answered on {at}"),
    "consumer.complaint_received": ("{on} 收到", "received on {on}"),
    "consumer.scam_title": ("当心“征信修复”“代理投诉”骗局", "Beware of paid “credit repair” and complaints by proxy"),
    "consumer.scam_seen": ("已收到({number}),照常处理。您写的内容很像中介提供的模板,这不影响结果。请注意:没有人能花钱删除真实的记录;不要向任何人付费,不要交出身份证和验证码。您自己在这里提交就是免费的正规途径。", "Taken ({number}), and handled as any other. Your words are much like an agent's template; nothing changes for you. But nobody can be paid to remove a true record: pay no one, hand over no ID and no codes. Writing here yourself is the official way, and it is free."),
    "consumer.scam_free": ("免费的正规途径:记录有错,在“我的征信”直接提异议(限期书面答复);不认可自动决定,在“找人帮忙”要求人工;还款困难,直接告诉我们,可申请困难帮助。也可以向征信机构和监管部门的公开窗口免费反映。", "The free way: if a record is wrong, object under “My credit report” (answered in writing, in time); if a machine decided, ask for a person under “Talk to a person”; if you cannot repay, tell us and ask for relief. The bureau and the regulator hear you free of charge, too."),
}  # fmt: skip
