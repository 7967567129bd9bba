"""The one metadata that all tables join, so that migrations can be compared with the code."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, MetaData, Numeric, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Money: up to 99,999,999.9999 in any currency. Real price lists go to three decimals; never a float.
MONEY: Final = Numeric(12, 4)
# Sums of money: 2,000 lines of 1,000,000 pieces at the highest price still fit.
MONEY_TOTAL: Final = Numeric(22, 4)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        Decimal: MONEY,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
    }
