"""Every call of `tailrace run` to Glue, and every way in which it can fail: the version is published all the
same, Glue shows it or the warning says that it does not, and the next run makes good what is behind."""
import re

import pytest

from database import Database
from fault_matrix import open_benches, sites_of, work
from fault_proxy import TRANSIENT
from project import report

pytestmark = pytest.mark.slow

FAULTS = ["reset_after", "stall_after", "truncate", "500_after", "502_html", "throttling", "409_conflict", "expired",
          "denied", "200_error", "200_garbage"]
REGISTERED = {"partition_by": ["country"], "partitions": "registered"}
WANTED = {"glue:GetTable", "glue:CreateTable", "glue:CreateDatabase", "glue:UpdateTable", "glue:GetPartitions",
          "glue:BatchCreatePartition", "glue:BatchUpdatePartition", "glue:BatchDeletePartition"}


@pytest.fixture(scope="module")
def benches(tmp_path_factory, postgres, standins):
    with Database.create(postgres) as db:
        # From one to the other a partition stays, some go, one comes, and so does a column.
        db.execute("CREATE TABLE a (id int PRIMARY KEY, country text NOT NULL);"
                   "INSERT INTO a VALUES (1, 'de'), (2, 'at'), (3, 'new york');"
                   "CREATE TABLE b (id int PRIMARY KEY, more text, country text NOT NULL);"
                   "INSERT INTO b VALUES (1, 'x', 'de'), (2, 'y', 'it')")
        with open_benches(tmp_path_factory, standins, ("versitygw", "fakeglue", "ministack"), db.url) as benches:
            yield benches


def run(bench, table, fault=""):
    bench.configure(table, fault, REGISTERED, attempts=8)  # as test_faults_s3
    return bench.run("run")


def glue_calls(bench, table, wanted=".*"):
    bench.proxy.clear()
    done = run(bench, table)
    assert done.returncode == 0 and "not up to date" not in done.stderr, report(["run"], done)
    return sites_of(bench.proxy.find(f"glue:{wanted}"))


def shows_its_version(bench, version):
    """Glue's partitions are the folders of the version's files."""
    assert bench.glue_version() == version
    pages = bench.aws.glue.get_paginator("get_partitions").paginate(DatabaseName=bench.aws.database, TableName="t")
    shown = sorted(p["StorageDescriptor"]["Location"] for page in pages for p in page["Partitions"])
    files = [f"s3://{bench.aws.bucket}/{key}" for key in bench.files_of(version)]
    assert shown == sorted({re.sub(r"[^/]*$", "", file) for file in files})


def is_overcome(fault):
    return fault in TRANSIENT or fault == "expired"


@pytest.mark.parametrize("fault", FAULTS)
def test_one_failure_of_any_call(benches, fault):
    """Glue shows the first table, or does not know the lake yet; while the second is published a call fails;
    the first is published again."""
    def case(bench, fresh, site, nth):
        if fresh:
            bench.aws.drop_database()
        before = bench.version()
        bench.proxy.clear()
        rule = bench.fail(fault, site, nth)
        done = run(bench, "public.b", fault)
        said = f"{fault} at {site} ({nth}): {report(['run'], done)}\n" + "\n".join(map(str, bench.proxy.find("glue:.*")))
        behind = "its view is not up to date" in done.stderr
        try:
            assert rule.fired == 1
            published = bench.version()
            assert published == before + (done.returncode == 0)
            assert done.returncode == 0 or "hint: " in done.stderr
            assert not behind and done.returncode == 0 or not is_overcome(fault)
            if done.returncode == 0 and not behind:
                shows_its_version(bench, published)
            bench.proxy.clear()
            again = run(bench, "public.a")
            assert again.returncode == 0 and "not up to date" not in again.stderr, report(["run"], again)
            shows_its_version(bench, published + 1)
        except AssertionError as e:
            raise AssertionError(said) from e

    for bench in benches:
        glue_calls(bench, "public.a")
    changed = glue_calls(benches[0], "public.b")
    benches[0].aws.drop_database()
    fresh = glue_calls(benches[0], "public.a", "Create.*")
    assert WANTED <= {site for site, _ in changed + fresh}
    failures = work(benches, [(False, *site) for site in changed] + [(True, *site) for site in fresh], case)
    assert not failures, failures
