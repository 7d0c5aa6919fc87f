"""The example shop: what it publishes equals what Postgres answers, value by value."""
import pytest

from lake_reader import Published, assert_published, assert_same_rows, canonical
from project import ROOT

SHOP = ROOT / "examples" / "shop"

ENRICHED = """
    SELECT o.order_id, u.name AS user_name, u.country, o.amount,
           o.amount * (1 + 0.19::float8) AS amount_with_tax, o.created_at
    FROM orders o JOIN users u USING (user_id)"""


def load_shop(project, db, orders):
    """The shop's tables, and its project with the lake inside the test's folder."""
    db.server.psql("-f", str(SHOP / "schema.sql"), database=db.name)
    db.server.psql("-v", f"orders={orders}", "-v", f"users={orders // 40 + 1}", "-f", str(SHOP / "data.sql"),
                   database=db.name)
    for path in SHOP.glob("transforms/*"):
        project.write(f"transforms/{path.name}", path.read_text(encoding="utf-8"))
    text = (SHOP / "tailrace.yaml").read_text(encoding="utf-8")
    assert "location: ../../lake " in text
    project.config(text.replace("location: ../../lake ", "location: ./lake "))
    project.run("gen", check=0)


def assert_shop_is_published(project, db):
    sql = assert_published(project.lake, "enriched_orders", db, ENRICHED)
    c = assert_published(project.lake, "enriched_orders_c", db, ENRICHED)
    assert sql.manifest["rows"] == c.manifest["rows"]
    assert_published(project.lake, "orders", db, "SELECT * FROM orders")
    assert_published(project.lake, "users", db, "SELECT user_id, name, country, created_at FROM users")
    assert_published(project.lake, "country_revenue", db, """
        SELECT coalesce(country, 'unknown') AS country, count(*) AS orders, sum(price) AS list_price
        FROM orders JOIN users USING (user_id) LEFT JOIN products USING (product_id) GROUP BY 1""")


@pytest.mark.threads
def test_every_dataset_of_the_shop_equals_what_postgres_answers(project, db):
    load_shop(project, db, 20_000)
    project.run("check", check=0)
    project.run("run", check=0)
    assert_shop_is_published(project, db)


@pytest.mark.slow
def test_a_million_orders_by_sql_and_by_c_equal_the_same_join_in_postgres(project, db):
    load_shop(project, db, 1_000_000)
    project.run("run", "enriched_orders", "enriched_orders_c", check=0)
    expected = db.canonical(ENRICHED)
    assert len(expected[1]) > 1_000_000
    for dataset in ("enriched_orders", "enriched_orders_c"):
        version = Published(project.lake, dataset)
        assert_same_rows(canonical(version.own_table()), expected)
        assert_same_rows(canonical(version.duckdb_table()), expected)


def test_partition_columns_of_the_shop_hold_the_day_of_each_order(project, db):
    load_shop(project, db, 2_000)
    project.run("run", "orders", check=0)
    table = Published(project.lake, "orders").table()
    assert_same_rows(canonical(table.select(["order_id", "created_at_day"])),
                     db.canonical("SELECT order_id, to_char(created_at, 'YYYY-MM-DD') AS created_at_day FROM orders"))


def test_the_private_column_of_the_shop_never_reaches_the_lake(project, db):
    load_shop(project, db, 2_000)
    project.run("run", "users", check=0)
    for path in project.lake.rglob("*"):
        assert not path.is_file() or b"@example.com" not in path.read_bytes()
    assert "email" not in Published(project.lake, "users").table().column_names
