"""The currencies that exist or existed, and how many decimals an amount in each of them has (ISO 4217's minor unit)."""

from collections.abc import Mapping
from typing import Final

from iso4217 import raw_table

# Of units that have no smallest amount (gold, special drawing rights): as many as a price has.
_UNLIMITED: Final = 4
# Those that have ended, by decimals: a shop's history has orders in them. The package carries ISO 4217's current list alone; these
# are the codes of its list of ended ones that the JDK knows (java.util.Currency), with their decimals as there.
_ENDED: Final = {
    0: "ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL",
    2: "AFA ANG ATS AYM AZM BGL BGN CSD CUC CYP DEM EEK FIM FRF GHC GWP HRK IEP LTL LVL MRO MTL MZM NLG RUR SDD SIT SKK "
    "SLL SRG STD TMM USS VEB VEF YUM ZMK ZWD ZWL ZWN ZWR",
}


def _decimals() -> dict[str, int]:
    ended = {code: decimals for decimals, codes in _ENDED.items() for code in codes.split()}
    # The list also has territories without a currency.
    current = {code: _minor_unit(str(entry["CcyMnrUnts"])) for code, entry in raw_table.items() if code}
    return ended | current


def _minor_unit(text: str) -> int:
    return int(text) if text.isdigit() else _UNLIMITED


DECIMALS: Final[Mapping[str, int]] = _decimals()
CURRENCIES: Final = frozenset(DECIMALS)
