"""Every call of `tailrace query --engine athena`, and every way in which it can fail: the right rows or a clean
failure, never other rows, and nothing that runs on at Athena or runs twice."""
import pytest

from fault_matrix import sites_of
from fault_proxy import FAULTS, TRANSIENT, FaultProxy
from project import NOTHING, report

pytestmark = pytest.mark.slow

ROWS = "n\n" + "".join(f"{i}\n" for i in range(1500))  # two pages
SQL = "SELECT n FROM t WHERE n < 1500 ORDER BY n"
OPERATIONS = {"athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_failure_of_any_call(bare, athena, fault):
    config = {**NOTHING, "engine": "athena"}
    bare.config(config)
    proxy = FaultProxy({"athena": athena.endpoint}, {**athena.env, "AWS_ENDPOINT_URL_ATHENA": athena.endpoint})
    query = ("query", "--format", "csv", SQL)
    try:
        assert bare.run(*query, env=proxy.env, check=0).stdout == ROWS
        sites = [site for site in sites_of(proxy.find()) if site[0].startswith("athena:") and site[0] in OPERATIONS]
        assert {site for site, _ in sites} == OPERATIONS
        bare.config({**config, "aws": {"attempts": 8, **({"stall_timeout": "1s"} if "stall" in fault else {})}})
        for site, nth in sites:
            proxy.clear()
            started = len(athena.statements)
            rule = proxy.fail(fault, site, nth=nth)
            done = bare.run(*query, env=proxy.env)
            said = f"{fault} at {site} ({nth}): {report(query, done)}\n" + "\n".join(map(str, proxy.find()))
            assert rule.fired == 1, said
            states = [statement.state for statement in athena.statements.values()][started:]
            assert states in ([], ["SUCCEEDED"], ["CANCELLED"]), f"{states}: {said}"
            if done.returncode == 0:
                assert done.stdout == ROWS, said
            else:
                assert done.returncode in (1, 2, 3) and "hint: " in done.stderr, said
                assert ROWS.startswith(done.stdout) and (nth > 1 or not done.stdout), said
            if fault in TRANSIENT and fault != "409_conflict" or fault == "expired":
                assert done.returncode == 0, said
    finally:
        proxy.close()
