"""Words of the page of temporary limits in batches."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "desk.nav_temporary": ("临时额度活动", "Temporary limits"),
    "desk.temporary_lead": (
        "由因果模型在预算内选出;一人提出,另一人批准同一份名单;开始日之前不发放,发放时逐人再查一次。",
        "Chosen within budgets by what limits moved by lot have shown. Two persons; each customer is looked at again when the turn comes.",
    ),
    "desk.temporary_none": ("还没有提出过临时额度活动。", "No temporary limits were proposed yet."),
    "desk.temporary_days": ("{first} 至 {last}", "{first} to {last}"),
    "desk.temporary_offered": ("{of} 位客户中选出 {n} 位,共", "{n} of {of} customers chosen, in all"),
    "desk.temporary_loss": ("预计新增损失 / 预算:", "Expected loss added / budget:"),
    "desk.temporary_left": ("轮到时未发放", "Left out when the turn came"),
    "desk.temporary_progress": ("发放进度", "Gone out"),
    "desk.temporary_approve": ("批准", "Approve"),
    "desk.temporary_refuse": ("拒绝", "Refuse"),
    "desk.temporary_undo": ("撤销", "Undo"),
    "desk.temporary_stop": ("停止余下部分", "Stop the rest"),
    "desk.temporary_state_proposed": ("待批准", "waits for approval"),
    "desk.temporary_state_approved": ("已批准,未开始", "approved, not begun"),
    "desk.temporary_state_running": ("发放中", "going out"),
    "desk.temporary_state_done": ("已完成", "done"),
    "desk.temporary_state_refused": ("已拒绝", "refused"),
    "desk.temporary_state_undone": ("已撤销", "undone"),
    "desk.temporary_state_stopped": ("已停止", "stopped"),
    "desk.temporary_act_approved": ("批准", "Approved"),
    "desk.temporary_act_refused": ("拒绝", "Refused"),
    "desk.temporary_act_undone": ("撤销", "Undone"),
    "desk.temporary_act_stopped": ("停止", "Stopped"),
    "desk.temporary_approved_told": ("已批准:{name}。", "Approved: {name}."),
    "desk.temporary_refused_told": ("已拒绝:{name}。", "Refused: {name}."),
    "desk.temporary_undone_told": ("已撤销:{name},没有发放过。", "Undone: {name}. Nothing had gone out."),
    "desk.temporary_stopped_told": (
        "已停止:{name};已发放的邀请仍由客户决定。",
        "Stopped: {name}. Offers that were made stay their customers' to answer.",
    ),
}
