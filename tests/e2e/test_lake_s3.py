"""A lake in S3, with its tables in Glue: every command that knew a folder knows it too."""
import csv
import io
import json

import pytest

from lake_reader import assert_published
from s3_lake import lake, mirror
from test_shop import ENRICHED, assert_shop_is_published, load_shop


@pytest.fixture
def shop(project, db, aws):
    """The example shop with its lake in S3."""
    load_shop(project, db, 2_000)
    text = (project.folder / "tailrace.yaml").read_text()
    text = text.replace("  location: ./lake ", f"  location: {aws.location}\n  catalog: glue\n"
                                               f"  database: {aws.database} ")
    assert aws.location in text
    project.config(text)
    return project


def rows(project, aws, sql, *more):
    done = project.run("query", "--format", "csv", sql, *more, env=aws.env, check=0)
    return list(csv.reader(io.StringIO(done.stdout)))[1:]


def test_the_shop_is_published_to_s3_and_glue_and_read_back(shop, db, aws):
    shop.run("run", env=aws.env, check=0)
    shop.lake = mirror(aws, shop.folder / "mirror")
    assert_shop_is_published(shop, db)
    tables = {t["Name"]: t for t in aws.glue.get_tables(DatabaseName=aws.database)["TableList"]}
    assert set(tables) == {"orders", "users", "enriched_orders", "enriched_orders_c", "country_revenue"}
    assert rows(shop, aws, "SELECT count(*), sum(order_id) FROM enriched_orders") == \
        [[str(v) for v in db.query("SELECT count(*), sum(order_id) FROM orders JOIN users USING (user_id)")[0]]]
    shop.run("verify", env=aws.env, check=0)
