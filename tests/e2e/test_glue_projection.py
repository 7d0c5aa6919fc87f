"""What engines read through Glue's tables: Trino, by projection and by registered partitions, against Postgres."""
import datetime
import json

import pytest


ORDERS = {
    "order_id": {"type": "bigint", "not_null": True, "doc": "the number"},
    "country": {"type": "string", "not_null": True},
    "shard": {"type": "int", "not_null": True},
    "amount": {"type": "decimal(12,2)"},
    "note": {"type": "string"},
    "created_at": {"type": "timestamp(6)", "not_null": True},
}


@pytest.fixture
def shop(project, db, aws, trino):
    return Shop(project, db, aws, trino)


class Shop:
    """A table of orders in Postgres, its dataset, and the same rows through Trino."""

    def __init__(self, project, db, aws, trino):
        self.project, self.db, self.aws, self.trino = project, db, aws, trino
        db.execute("CREATE TABLE orders (order_id bigint PRIMARY KEY, country text NOT NULL, shard int NOT NULL, "
                   "amount numeric(12,2), note text, created_at timestamp NOT NULL)")

    def fill(self, rows):
        self.db.execute("TRUNCATE orders")
        self.db.execute(f"INSERT INTO orders {rows}")

    def config(self, partition_by, columns=ORDERS, **dataset):
        self.project.config({
            "lake": {"location": self.aws.location, "catalog": "glue", "database": self.aws.database},
            "datasets": {"orders": {"inputs": {"o": "public.orders"}, "columns": columns,
                                    "partition_by": partition_by, **dataset}}})

    def run(self, *args, check=0):
        return self.project.run(*(args or ("run",)), env=self.aws.env, check=check)

    def table(self):
        return self.aws.glue.get_table(DatabaseName=self.aws.database, Name="orders")["Table"]

    def read(self, columns=", ".join(ORDERS), where="true"):
        return self.trino.rows(f"SELECT {columns} FROM hive.{self.aws.database}.orders WHERE {where} ORDER BY order_id")

    def expected(self, columns=", ".join(ORDERS), where="true"):
        return [tuple(row) for row in self.db.query(f"SELECT {columns} FROM orders WHERE {where} ORDER BY order_id")]

    def check_equal(self):
        assert self.read() == self.expected()


SOME = """SELECT i, (ARRAY['at', 'de', 'fr-1.x_Y'])[1 + i % 3], i % 4, i / 7.0, nullif('note ' || i, 'note 5'),
          timestamp '2024-06-17 09:30:00.123456' + i * interval '7 hours' FROM generate_series(1, 60) i"""


def test_an_unpartitioned_table_is_read_as_postgres_has_it(shop):
    shop.fill(SOME)
    shop.config([])
    shop.run()
    shop.check_equal()
    shop.fill("SELECT 1, 'x', 1, NULL, '', '1969-12-31 23:59:59.999999'")
    shop.run()
    shop.check_equal()
    shop.fill("SELECT 1, 'x', 1, NULL, '', now() WHERE false")
    shop.run()
    assert shop.read() == []


def test_days_with_a_gap_are_projected(shop):
    shop.fill(SOME + " WHERE i < 10 OR i > 40")
    shop.config(["day(created_at)"])
    shop.run()
    assert shop.table()["Parameters"]["projection.created_at_day.type"] == "enum"
    shop.check_equal()
    days = shop.trino.rows(f'SELECT created_at_day FROM hive.{shop.aws.database}."orders$partitions" ORDER BY 1')
    assert days == [tuple(row) for row in shop.db.query(
        "SELECT DISTINCT to_char(created_at, 'YYYY-MM-DD') FROM orders ORDER BY 1")]
    assert shop.read("order_id", "created_at_day = '2024-06-18'") == \
        shop.expected("order_id", "created_at::date = '2024-06-18'")
    # A day that was not published is no error.
    assert shop.read("order_id", "created_at_day = '2023-01-01'") == []


def test_one_day_is_projected(shop):
    shop.fill(SOME + " WHERE i < 3")
    shop.config(["day(created_at)"])
    shop.run()
    shop.check_equal()


def test_several_keys_of_text_and_numbers_are_projected(shop):
    shop.fill(SOME)
    shop.config(["country", "shard"])
    shop.run()
    parameters = shop.table()["Parameters"]
    assert parameters["projection.country.values"] == "at,de,fr-1.x_Y"
    assert parameters["projection.shard.range"] == "0,3"
    shop.check_equal()
    assert shop.read("order_id", "country = 'fr-1.x_Y' AND shard = 2") == \
        shop.expected("order_id", "country = 'fr-1.x_Y' AND shard = 2")
    # No order of the first three is of both: an empty location answers no rows.
    shop.fill(SOME + " WHERE i < 4")
    shop.run()
    shop.check_equal()


def test_dates_and_negative_numbers_are_ranges(shop):
    shop.db.execute("ALTER TABLE orders ADD d date")
    columns = {**ORDERS, "d": {"type": "date", "not_null": True}}
    for days in (1, 3):
        shop.fill(SOME.replace(" FROM", f", date '2023-12-31' + 7 * (i % {days}) FROM"))
        shop.db.execute("UPDATE orders SET shard = shard * 5 - 10")
        shop.db.execute("ALTER TABLE orders ALTER d SET NOT NULL")
        shop.config(["d", "shard"], columns)
        shop.run()
        assert shop.table()["Parameters"]["projection.d.type"] == "date"
        names = ", ".join(columns)
        assert shop.read(names) == shop.expected(names)
        assert shop.read("order_id", "d = date '2023-12-31' AND shard = -10") == \
            shop.expected("order_id", "d = date '2023-12-31' AND shard = -10")


def test_a_date_beside_its_month_is_projected(shop):
    columns = ORDERS | {"created_at": {"type": "date", "not_null": True}}
    shop.db.execute("ALTER TABLE orders ALTER created_at TYPE date")
    shop.fill(SOME.replace("timestamp '2024-06-17 09:30:00.123456' + i * interval '7 hours'", "date '2024-06-17' + i / 3"))
    shop.config(["month(created_at)", "created_at"], columns)
    shop.run()
    parameters = shop.table()["Parameters"]
    assert parameters["projection.created_at.range"] == "2024-06-17,2024-07-07"
    assert parameters["projection.created_at_month.values"] == "2024-06,2024-07"
    shop.check_equal()
    july = "created_at >= date '2024-07-01'"
    assert shop.read(where=july) == shop.expected(where=july)
    assert shop.read(where="created_at_month = '2024-07'") == shop.expected(where=july)
    assert shop.read(where="created_at_month = '2024-06' AND created_at = date '2024-07-01'") == []


def test_thousands_of_values_are_projected(shop):
    shop.fill("""SELECT i, 'c-' || i, 0, 0, '', timestamp '2024-06-17' FROM generate_series(1, 1500) i""")
    shop.config(["country"])
    shop.run()
    assert len(shop.table()["Parameters"]["projection.country.values"].split(",")) == 1500
    shop.check_equal()
    assert shop.read("order_id", "country = 'c-777'") == [(777,)]


def test_ranges_of_days_and_hours_mean_to_trino_what_they_mean_to_us(shop):
    """Beyond 5,000 values a list becomes a range: the same table, told as such."""
    for unit, format, key in (("DAYS", "yyyy-MM-dd", "day"), ("HOURS", "yyyy-MM-dd-HH", "hour")):
        shop.fill(SOME.replace("7 hours", "1 day" if key == "day" else "1 hour") + " WHERE i < 30 AND i <> 9")
        shop.config([f"{key}(created_at)"])
        shop.run()
        table, column = shop.table(), f"created_at_{key}"
        values = table["Parameters"].pop(f"projection.{column}.values").split(",")
        assert len(values) == 28
        table_input = {name: table[name] for name in ("Name", "TableType", "StorageDescriptor", "PartitionKeys")}
        shop.aws.glue.update_table(DatabaseName=shop.aws.database, TableInput={**table_input, "Parameters": {
            **table["Parameters"], f"projection.{column}.type": "date", f"projection.{column}.format": format,
            f"projection.{column}.range": f"{values[0]},{values[-1]}", f"projection.{column}.interval": "1",
            f"projection.{column}.interval.unit": unit}})
        shop.check_equal()
        assert shop.read("order_id", f"{column} = '{values[3]}'") == [(4,)]


def test_columns_evolve_and_partitions_change(shop):
    shop.fill(SOME)
    shop.config(["country"])
    shop.run()
    shop.check_equal()
    shop.db.execute("ALTER TABLE orders ADD weight double precision")
    shop.db.execute("UPDATE orders SET weight = order_id / 3.0")
    columns = {**ORDERS, "weight": {"type": "double"}, "note": {"type": "string", "doc": "as written"}}
    del columns["amount"]
    shop.config(["day(created_at)"], columns)
    shop.run()
    names = ", ".join(columns)
    assert shop.read(names) == shop.expected(names)
    assert {c["Name"]: c.get("Comment") for c in shop.table()["StorageDescriptor"]["Columns"]}["note"] == "as written"


def test_timestamps_are_rounded_to_milliseconds_where_trino_is_not_told_otherwise(shop):
    shop.fill("SELECT i, 'x', 0, 0, '', timestamp '2024-06-17 09:30:00.123456' + i * interval '100 microseconds' "
              "FROM generate_series(0, 1) i")
    shop.config([])
    shop.run()
    micros = [(datetime.datetime(2024, 6, 17, 9, 30, 0, 123456),), (datetime.datetime(2024, 6, 17, 9, 30, 0, 123556),)]
    millis = [(datetime.datetime(2024, 6, 17, 9, 30, 0, 123000),), (datetime.datetime(2024, 6, 17, 9, 30, 0, 124000),)]
    assert shop.read("created_at") == micros
    table = f"{shop.aws.database}.orders"
    assert shop.trino.rows(f"SELECT created_at FROM hive_default.{table} ORDER BY order_id") == millis


# --- what projection can't carry ---------------------------------------------------------------

def test_a_key_that_may_be_null_stops_planning(shop):
    shop.fill(SOME)
    shop.config(["note"])
    for command in ("check", "run"):
        done = shop.run(command, check=2)
        assert "`orders` can't be partitioned by `note` in Glue" in done.stderr
        assert "its column may be null" in done.stderr
        assert "not_null: true" in done.stderr and "partitions: registered" in done.stderr
    assert shop.aws.keys() == []


def test_registered_partitions_carry_nulls_and_any_text(project, db, aws_fake, trino):
    shop = Shop(project, db, aws_fake, trino)
    values = "'a b', 'a/b', 'a=b', '50%', 'é', '{x}', 'A', 'a', 'a:b', NULL, '__hive', '#', '\"', '''', '\\'"
    shop.fill(SOME.replace("nullif('note ' || i, 'note 5')", f"(ARRAY[{values}])[1 + i % 15]"))
    shop.config(["note"], partitions="registered")
    assert "registered partitions, as the configuration says" in shop.run("check").stdout
    shop.run()
    catalog = aws_fake.trino_catalog

    def read(where="true"):
        return trino.rows(f"SELECT order_id, note FROM {catalog}.{aws_fake.database}.orders WHERE {where} "
                          "ORDER BY order_id")

    assert read() == shop.expected("order_id, note")
    assert read("note IS NULL") == shop.expected("order_id, note", "note IS NULL")
    assert read("note = 'a/b'") == shop.expected("order_id, note", "note = 'a/b'")
    shop.db.execute("DELETE FROM orders WHERE note = 'a/b' OR note IS NULL")
    shop.run()
    assert read() == shop.expected("order_id, note")
    # An empty text would be read as null.
    shop.db.execute("UPDATE orders SET note = '' WHERE order_id = 2")
    done = shop.run(check=4)
    assert "which engines read as null" in done.stderr
    assert read("order_id = 2") == [(2, "a=b")]


def test_registered_partitions_carry_every_type_of_key(project, db, aws_fake, trino):
    db.execute("""CREATE TABLE things AS SELECT i AS id, nullif(i % 3 = 0, i = 7) AS flag, (i % 2)::smallint AS small,
               (i % 4 - 1.5)::numeric(6,2) AS price, date '1969-12-31' + i % 2 AS day,
               ('5b0f2a34-6a3f-4f6e-8d9c-0a1b2c3d4e5' || i % 3)::uuid AS u, '09:30'::time AS at
               FROM generate_series(1, 20) i""")
    project.config({
        "lake": {"location": aws_fake.location, "catalog": "glue", "database": aws_fake.database},
        "datasets": {"things": {"inputs": {"t": "public.things"}, "partitions": "registered", "columns": {
            "id": {"type": "int"}, "flag": {"type": "bool"}, "small": {"type": "smallint"},
            "price": {"type": "decimal(6,2)"}, "day": {"type": "date"}, "u": {"type": "uuid"}, "at": {"type": "time"}},
            "partition_by": ["flag", "small", "price", "day", "u", "at"]}}})
    project.run("run", env=aws_fake.env, check=0)
    columns = "id, flag, small, price, day, {} , {}"
    assert trino.rows(f"SELECT {columns.format('u', 'at')} FROM {aws_fake.trino_catalog}.{aws_fake.database}.things "
                      "ORDER BY id") == \
        [tuple(row) for row in db.query(f"SELECT {columns.format('u::text', 'at::text')} FROM things ORDER BY id")]
    table = f"{aws_fake.trino_catalog}.{aws_fake.database}.things"
    assert trino.rows(f"SELECT count(*) FROM {table} WHERE flag AND price = DECIMAL '-1.50' AND day = DATE '1969-12-31'") \
        == [tuple(row) for row in db.query("SELECT count(*) FROM things WHERE flag AND price = -1.50 "
                                           "AND day = '1969-12-31'")]


# --- commands -----------------------------------------------------------------------------------

def test_check_and_status_say_what_glue_shows(shop):
    shop.fill(SOME)
    shop.config(["country"])
    checked = shop.run("check").stdout
    assert "partition projection: a refresh is atomic for readers" in checked
    assert "Glue has no table yet" in checked
    shop.run()
    shows = "Glue shows version 1; of version 1 projection names `country`: enum of 3 values"
    assert shows in shop.run("check").stdout
    assert json.loads(shop.run("check", "--json").stdout)["datasets"][0]["glue_shows"] == shows
    assert "Glue shows" not in shop.run("check", "--offline").stdout
    assert "ok" in shop.run("status").stdout
    table = shop.table()
    table_input = {key: table[key] for key in ("Name", "TableType", "StorageDescriptor", "PartitionKeys")}
    shop.aws.glue.update_table(DatabaseName=shop.aws.database, TableInput={
        **table_input, "Parameters": {**table["Parameters"], "tailrace.version": "0"}})
    assert "Glue shows version 0, the newest is 1" in shop.run("status").stdout
    shop.run()
    assert shop.table()["Parameters"]["tailrace.version"] == "2"


def test_a_table_of_others_stops_the_run_before_it_reads(shop):
    shop.fill(SOME)
    shop.config(["country"])
    shop.aws.glue.create_database(DatabaseInput={"Name": shop.aws.database})
    shop.aws.glue.create_table(DatabaseName=shop.aws.database, TableInput={"Name": "orders"})
    done = shop.run(check=2)
    assert f"the Glue table `{shop.aws.database}.orders` was not created by tailrace" in done.stderr
    assert "adopt: true" in done.stderr
    assert [key for key in shop.aws.keys() if "/manifests/" in key] == []
    shop.config(["country"], adopt=True)
    shop.run()
    shop.check_equal()


def test_awswrangler_finds_what_it_needs(shop):
    import awswrangler
    import boto3
    shop.fill(SOME)
    shop.config(["day(created_at)"])
    shop.run()
    server = shop.aws.glue_server
    session = boto3.Session(aws_access_key_id=server["access_key"], aws_secret_access_key=server["secret_key"],
                            region_name=shop.aws.region)
    awswrangler.config.glue_endpoint_url = server["endpoint"]
    types = awswrangler.catalog.get_table_types(database=shop.aws.database, table="orders", boto3_session=session)
    assert types == {"order_id": "bigint", "country": "string", "shard": "int", "amount": "decimal(12,2)",
                     "note": "string", "created_at": "timestamp", "created_at_day": "string"}
    assert awswrangler.catalog.get_table_location(database=shop.aws.database, table="orders",
                                                  boto3_session=session).startswith(shop.aws.location)


def test_timestamps_before_1970_fall_into_their_day(shop):
    shop.fill("SELECT i, 'x', 0, 0, '', timestamp '1969-12-31 23:59:59.999999' + i * interval '1 microsecond' "
              "FROM generate_series(0, 1) i")
    shop.config(["day(created_at)"])
    shop.run()
    assert shop.read("order_id, created_at_day, created_at") == [
        (0, "1969-12-31", datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)),
        (1, "1970-01-01", datetime.datetime(1970, 1, 1))]
