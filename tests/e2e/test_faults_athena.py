"""Every call of `tailrace query --engine athena`, and every way in which it can fail: the right rows or a clean
failure, never other rows, and nothing that runs on at Athena or runs twice."""
import pytest

from aws_json_server import Key
from fake_athena import FakeAthena
from fault_matrix import sites_of
from fault_proxy import FAULTS, TRANSIENT, FaultProxy
from project import Project, report

pytestmark = pytest.mark.slow

ROWS = "n\n" + "".join(f"{i}\n" for i in range(1500))
SQL = "SELECT n FROM t ORDER BY n"
OPERATIONS = {"athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"}


@pytest.fixture
def athena():
    fake = FakeAthena(keys={"AKIAFAKE": Key("secret")})
    fake.tables["t"] = "SELECT range AS n FROM range(1500)"
    yield fake
    fake.close()


@pytest.fixture
def bare(tmp_path):
    with Project(tmp_path) as p:
        p.config({"source": {"url": "postgres://nobody@nowhere/none"}, "engine": "athena",
                  "aws": {"stall_timeout": "1s"}, "datasets": {"none": {"inputs": {"n": "none"}}}})
        yield p


@pytest.mark.parametrize("fault", FAULTS)
def test_one_failure_of_any_call(bare, athena, fault):
    proxy = FaultProxy({"athena": athena.endpoint}, {**athena.env, "AWS_ENDPOINT_URL_ATHENA": athena.endpoint})
    query = ("query", "--format", "csv", SQL)
    try:
        assert bare.run(*query, env=proxy.env, check=0).stdout == ROWS
        sites = [site for site in sites_of(proxy.find()) if site[0].startswith("athena:") and site[0] in OPERATIONS]
        assert {site for site, _ in sites} == OPERATIONS
        for site, nth in sites:
            proxy.clear()
            started = len(athena.statements)
            rule = proxy.fail(fault, site, nth=nth)
            done = bare.run(*query, env=proxy.env)
            said = f"{fault} at {site} ({nth}): {report(query, done)}\n" + "\n".join(map(str, proxy.find()))
            assert rule.fired == 1, said
            assert len(athena.statements) - started <= 1, said
            if done.returncode == 0:
                assert done.stdout == ROWS, said
            else:
                assert done.returncode in (1, 2, 3) and "hint: " in done.stderr, said
                assert ROWS.startswith(done.stdout), said
            if fault in TRANSIENT and fault != "409_conflict" or fault == "expired":
                assert done.returncode == 0, said
    finally:
        proxy.close()
