"""A complaint is taken whatever it reads like; whoever writes an agent's script is warned, here and where records are objected to."""

from __future__ import annotations

import uuid

from honghua.customers import api as customers

SCRIPT = (
    "致贵公司法务部:依据征信业管理条例第十五条,贵司未履行提前告知义务,本人从未授权贵司上报征信。"
    "要求立即撤销本人全部不良征信记录,并出具书面非恶意逾期证明,否则本人将向银保监会及12378投诉到底。"
)
PLAIN = "你好,我在苏宁买的电饭锅退了十天,钱还没有回来,麻烦帮我看看,谢谢"


def test_taken_all_the_same_and_warned(me):
    page = me.get("/my/complaints")
    assert "征信修复" in page, "the warning stands there before anybody writes"
    assert "免费" in page
    assert "/my/complaints" in me.get("/my/help")
    plain = me.follow(me.send("/my/complaints", about="service", words=PLAIN, key=str(uuid.uuid4())))
    assert "已收到投诉" in plain
    assert "很像中介提供的模板" not in plain
    key = str(uuid.uuid4())
    script = me.follow(me.send("/my/complaints", about="bureau", words=SCRIPT, key=key))
    assert "已收到(" in script
    assert "很像中介提供的模板" in script
    me.follow(me.send("/my/complaints", about="bureau", words=SCRIPT, key=key))
    with me.site.pool.connection() as conn:
        made = customers.list_complaints(conn, customer=me.name)
    assert len(made) == 2
    assert len({one.due_on for one in made}) == 1, "one clock for both"
    assert me.send("/my/complaints", about="weather", words="", key=key).status_code == 422
    english = me.follow(me.browser.get("/preferences?language=en&back=/my/complaints"))
    assert "consumer." not in english
