"""Every call of `tailrace run` to S3 and Glue, and every way in which it can fail: either the run
succeeds, or it fails cleanly, with nothing half-published and nothing left that gc does not find."""
import pytest

from copy_to_s3 import fill
from database import Database
from fault_matrix import open_benches, sites_of, work
from fault_proxy import FAULTS, TRANSIENT
from project import report

pytestmark = pytest.mark.slow

ROWS, BIG_ROWS = 100, 600

# The calls of a run that are to be in the matrix at least; those that it really makes are taken.
EXPECTED = {
    "s3:ListObjectsV2 _tailrace/t/manifests/", "s3:GetObject _tailrace/t/manifests/N.json",
    "s3:PutObject _tailrace/t/runs/RUN", "s3:PutObject t/RUN/part-00000.parquet",
    "s3:GetObject t/RUN/part-00000.parquet", "s3:ListObjectsV2 t/RUN/", "s3:HeadObject t/RUN/part-00000.parquet",
    "s3:PutObject _tailrace/t/manifests/N.json", "s3:PutObject _tailrace/t/glue/DATABASE",
    "s3:DeleteObject _tailrace/t/runs/RUN",
    "glue:GetTable", "glue:UpdateTable"}
MULTIPART = {"s3:CreateMultipartUpload t/RUN/part-00000.parquet", "s3:UploadPart t/RUN/part-00000.parquet",
             "s3:CompleteMultipartUpload t/RUN/part-00000.parquet"}
COMMIT = "s3:PutObject _tailrace/t/manifests/N.json"


def is_overcome(fault, site):
    """Whether a run must get over one such failure. An answer to HEAD has no body to say what failed, and
    a conflict is one where something is put on a condition."""
    if fault == "409_conflict":
        return site in (COMMIT, "glue:UpdateTable")
    if fault in ("throttling", "expired"):
        return "Head" not in site
    return fault in TRANSIENT


@pytest.fixture(scope="module")
def benches(tmp_path_factory, postgres, standins):
    with Database.create(postgres) as db:
        fill(db, ROWS)
        # Beyond one part of 8 MiB, and beyond compression.
        db.execute("CREATE TABLE big (id int PRIMARY KEY, body bytea NOT NULL); INSERT INTO big SELECT i, (SELECT "
                   "string_agg(sha512((i * 1000 + k)::text::bytea), ''::bytea) FROM generate_series(1, 256) k) "
                   f"FROM generate_series(1, {BIG_ROWS}) i")
        with open_benches(tmp_path_factory, standins, ("versitygw", "ministack", "ministack"), db.url) as benches:
            for bench in benches:
                bench.configure("public.t")
                done = bench.run("run")
                assert done.returncode == 0, report(["run"], done)
            yield benches


def sites(bench, table):
    """What a run without faults calls."""
    bench.configure(table)
    bench.proxy.clear()
    done = bench.run("run")
    assert done.returncode == 0, report(["run"], done)
    return sites_of(bench.proxy.find())


def all_cases(bench):
    """(table, rows, site, nth) of the small table, and of the large one what only that has."""
    small, big = sites(bench, "public.t"), sites(bench, "public.big")
    assert EXPECTED <= {site for site, _ in small}
    assert MULTIPART <= {site for site, _ in big}
    return [("public.t", ROWS, *site) for site in small] + \
        [("public.big", BIG_ROWS, *site) for site in big if site[0] in MULTIPART]


def end(benches):
    for bench in benches:
        bench.configure("public.t")
        bench.end(ROWS)


@pytest.mark.parametrize("fault", FAULTS)
def test_one_failure_of_any_call(benches, fault):
    def case(bench, table, rows, site, nth):
        # More than the default's five: those may all fall into the half second of a refusal.
        bench.configure(table, fault, attempts=8)
        bench.proxy.clear()
        before = bench.version()
        rule = bench.fail(fault, site, nth)
        done = bench.run("run")
        said = f"{fault} at {site} ({nth}): {report(['run'], done)}\n" + "\n".join(map(str, bench.proxy.find()))
        assert rule.fired == 1, said
        try:
            bench.check(before, rows, done)
            assert done.returncode == 0 or not is_overcome(fault, site)
        except AssertionError as e:
            raise AssertionError(said) from e

    failures = work(benches, all_cases(benches[0]), case)
    assert not failures, failures
    end(benches)


@pytest.mark.parametrize("fault", ["reset_after", "truncate", "500_after", "503_slow_down",
                                   "200_error", "412", "denied", "expired"])
def test_a_call_that_always_fails(benches, fault):
    def case(bench, table, rows, site):
        bench.configure(table)
        bench.proxy.clear()
        before = bench.version()
        rule = bench.fail(fault, site, times=None)
        done = bench.run("run")
        said = f"{fault} at {site}: {report(['run'], done)}\n" + "\n".join(map(str, bench.proxy.find()))
        assert rule.fired >= 1, said
        try:
            bench.check(before, rows, done)
        except AssertionError as e:
            raise AssertionError(said) from e

    failures = work(benches, dict.fromkeys(c[:3] for c in all_cases(benches[0])), case)
    assert not failures, failures
    end(benches)
