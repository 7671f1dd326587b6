"""What gangs of a typology can change when they are refused: the hooks of a plug-in for `sim.core.gangs`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Disguise(StrEnum):
    """One thing about an act that a gang can replace."""

    SHOP = "shop"  # another shop of the same sort, or another one that plays along
    DEVICE = "device"  # a fresh device
    ADDRESS = "address"  # a fresh address
    PAYEE = "payee"  # a fresh account that collects
    HOUR = "hour"  # an hour at which the person would be up
    SUM = "sum"  # a sum as on the shop's list of prices, or as people say it


class Shops(StrEnum):
    """Where another shop comes from."""

    ACCOMPLICE = "accomplice"  # one that plays along: small, or opened for it
    RESALE = "resale"  # popular and innocent, sells what sells again
    VIRTUAL = "virtual"  # popular and innocent, sells what needs no parcel


@dataclass(frozen=True, slots=True)
class Tuning:
    """Levels of each choice, the first as planned. What is worth less to the gang has to pass more often to be chosen.

    greed: factors on sums; pace: factors on the time until later acts; cover: ordinary purchases by the member before an act;
    disguises: level k of the disguise replaces the first k of them; probe: factor on the sum of an act that only asks.
    patience: refusals in a row until a member stays at home; gives_up: until the gang goes away; tries: of one planned act.
    """

    disguises: tuple[Disguise, ...]
    shops: Shops = Shops.RESALE
    greed: tuple[float, ...] = (1.0, 0.6, 0.35, 0.2)
    pace: tuple[float, ...] = (1.0, 1.6, 2.6)
    cover: tuple[int, ...] = (0, 1, 3)
    probe: float = 0.25
    patience: int = 3
    gives_up: int = 10
    tries: int = 3

    def __post_init__(self) -> None:
        assert self.greed[0] == self.pace[0] == 1.0, "the first level is as planned"
        assert self.cover[0] == 0, "the first level is as planned"
        assert len(set(self.disguises)) == len(self.disguises)


DISGUISE_WORTH: Final = 0.92  # what is left of an act's worth for each thing replaced: it has to be bought
COVER_WORTH: Final = 0.97  # … for each ordinary purchase before
PACE_WORTH: Final = 0.8  # … for each time that the rest takes twice as long

__all__ = ["COVER_WORTH", "DISGUISE_WORTH", "PACE_WORTH", "Disguise", "Shops", "Tuning"]
