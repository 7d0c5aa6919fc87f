"""The test bed itself: what the other tests stand on must be able to fail."""
import pyarrow as pa
import pytest

from lake_reader import assert_same_rows, canonical


VALUES = """
    SELECT * FROM (VALUES
        (1::int, true, 'naïve – 名前 🚰'::text, 'NaN'::float8, 1.50::numeric(38,10), '\\x00ff'::bytea,
         date '0001-01-01', time '23:59:59.999999', timestamp '9999-12-31 23:59:59.999999',
         timestamptz '1970-01-01 00:00:00+00', '0b5c4f0e-0000-4000-8000-000000000001'::uuid, '-0'::float4),
        (2, null, null, '-0', 100, null, null, null, null, null, null, null)
    ) v(i, b, t, f, n, y, d, ti, ts, tz, u, f4)"""


def table():
    from datetime import date, datetime, time, timezone
    from decimal import Decimal
    return pa.table({
        "i": pa.array([2, 1], pa.int32()),
        "b": pa.array([None, True]),
        "t": pa.array([None, "naïve – 名前 🚰"]),
        "f": pa.array([-0.0, float("nan")]),
        "n": pa.array([Decimal("100"), Decimal("1.5")], pa.decimal128(38, 10)),
        "y": pa.array([None, b"\x00\xff"]),
        "d": pa.array([None, date(1, 1, 1)]),
        "ti": pa.array([None, time(23, 59, 59, 999999)]),
        "ts": pa.array([None, datetime(9999, 12, 31, 23, 59, 59, 999999)], pa.timestamp("us")),
        "tz": pa.array([None, datetime(1970, 1, 1, tzinfo=timezone.utc)], pa.timestamp("us", "UTC")),
        "u": pa.array([None, "0b5c4f0e-0000-4000-8000-000000000001"]),
        "f4": pa.array([None, -0.0], pa.float32()),
    })


def test_values_of_postgres_and_arrow_have_the_same_canonical_form(db):
    assert_same_rows(canonical(table()), db.canonical(VALUES))


def test_a_single_changed_value_is_seen(db):
    changed = table().set_column(3, "f", pa.array([0.0, float("nan")]))
    with pytest.raises(AssertionError, match=r"(?s)not in Postgres \(1\).*missing \(1\)"):
        assert_same_rows(canonical(changed), db.canonical(VALUES))


def test_a_row_that_comes_twice_is_seen(db):
    with pytest.raises(AssertionError, match="3 rows, 2 expected"):
        assert_same_rows(canonical(pa.concat_tables([table(), table().slice(0, 1)])), db.canonical(VALUES))


def test_tcp_asks_for_a_password(db):
    import psycopg
    name, password = db.role()
    with psycopg.connect(db.tcp_url(name, password)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (name,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(db.tcp_url(name, "wrong"))
