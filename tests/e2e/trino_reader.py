"""Reads a table through Trino in Database.canonical's form: the texts that Postgres makes of its values."""
import re

from database import NULL
from lake_reader import canonical_decimal

# By Trino's type, an expression whose text is the canonical form, or what Python makes it of.
EXPRESSIONS = {
    "boolean": "cast(cast({c} AS tinyint) AS varchar)",
    "real": "cast(from_big_endian_32(to_ieee754_32({c})) AS varchar)",
    "double": "cast(from_big_endian_64(to_ieee754_64({c})) AS varchar)",
    "varbinary": "lower(to_hex({c}))",
    "date": "cast(date_diff('day', DATE '1970-01-01', {c}) AS varchar)",
}


def canonical(trino, table):
    """(column names, sorted rows) of `catalog.schema.name`."""
    columns = [row[:2] for row in trino.rows(f"DESCRIBE {table}")]
    expressions = [EXPRESSIONS.get(kind, "cast({c} AS varchar)").format(c=f'"{name}"') for name, kind in columns]
    convert = [microseconds if kind.startswith("timestamp") else decimal if kind.startswith("decimal") else text
               for _, kind in columns]
    rows = trino.rows(f"SELECT {', '.join(expressions)} FROM {table}")
    return [name for name, _ in columns], sorted(
        tuple(NULL if value is None else f(value) for f, value in zip(convert, row)) for row in rows)


def text(value):
    return value


def decimal(value):
    from decimal import Decimal
    return canonical_decimal(Decimal(value))


def microseconds(value):
    """Of `-0042-01-02 03:04:05.678901` since 1970: Python's datetime ends at the years 1 and 9999."""
    sign, year, month, day, hour, minute, second, fraction = re.fullmatch(
        r"([+-]?)(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d+)", value).groups()
    days = days_of(int(sign + year), int(month), int(day))
    seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    return str(seconds * 1_000_000 + int(fraction.ljust(6, "0")))


def days_of(year, month, day):
    """Days since 1970 in the proleptic Gregorian calendar; years begin in March, eras have 400."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
