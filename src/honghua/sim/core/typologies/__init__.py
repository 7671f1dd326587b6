"""The known ways of crooks, one plug-in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from honghua.sim.core.stage import Typology
from honghua.sim.core.typologies.account_takeover import AccountTakeover
from honghua.sim.core.typologies.colluding_shop import ColludingShop
from honghua.sim.core.typologies.device_farm import DeviceFarm
from honghua.sim.core.typologies.fake_orders import FakeOrders
from honghua.sim.core.typologies.goods_resale import GoodsResale
from honghua.sim.core.typologies.limit_raise_drain import LimitRaiseDrain
from honghua.sim.core.typologies.mule_fan_in import MuleFanIn
from honghua.sim.core.typologies.multi_lending import MultiLending
from honghua.sim.core.typologies.refund_loop import RefundLoop
from honghua.sim.core.typologies.small_structuring import SmallStructuring
from honghua.sim.core.typologies.telecom_victim import TelecomVictim
from honghua.sim.core.typologies.transfer_cycle import TransferCycle
from honghua.sim.core.typologies.virtual_goods import VirtualGoods

_ALL: Final[tuple[Typology, ...]] = (
    ColludingShop(),
    DeviceFarm(),
    LimitRaiseDrain(),
    RefundLoop(),
    TransferCycle(),
    MuleFanIn(),
    AccountTakeover(),
    GoodsResale(),
    SmallStructuring(),
    FakeOrders(),
    VirtualGoods(),
    TelecomVictim(),
)
TYPOLOGIES: Final[Mapping[str, Typology]] = {
    one.name: one for one in _ALL
}  # by name; the order is that of Truth's numbers
# All there are. `make_market` and the figures of `honghua bench rings` keep to the twelve above.
ALL_TYPOLOGIES: Final[Mapping[str, Typology]] = {**TYPOLOGIES, MultiLending.name: MultiLending()}

__all__ = ["ALL_TYPOLOGIES", "TYPOLOGIES"]
