/* The mistakes of engine, athena and trino; as config_mistakes.h. */
#ifndef TR_TESTS_CONFIG_MISTAKES_ENGINE_H
#define TR_TESTS_CONFIG_MISTAKES_ENGINE_H

#include "config_mistakes.h"

#define TRINO "trino: { url: \"https://trino.example.org:8443\", "
#define TRINO_URL_HINT "write https://host:port; user and password have keys of their own\n"

/* clang-format off */
static const struct config_mistake engine_mistakes[] = {
	{ SOURCE LAKE "engine: trino\n" ORDERS,
		"3:9 engine: `trino` needs to know where Trino is => add `trino: { url: "
		"https://trino.example.org:8443 }`\n" },
	/* athena */
	{ SOURCE LAKE "athena: { output_location: /tmp }\n" ORDERS,
		"3:28 athena.output_location: expected s3://bucket/prefix, got `/tmp` => write a prefix of a "
		"bucket that you may write to, as s3://acme-athena/results/\n" },
	{ SOURCE LAKE "athena: { output_location: \"s3:///x\" }\n" ORDERS,
		"3:29 athena.output_location: expected s3://bucket/prefix, got `s3:///x` => write a prefix of "
		"a bucket that you may write to, as s3://acme-athena/results/\n" },
	{ SOURCE LAKE "athena: { workgroup: '' }\n" ORDERS,
		"3:23 athena.workgroup: expected a text, got an empty one => write a value, or leave the key "
		"out\n" },
	{ SOURCE LAKE "athena: { price_per_tb: -1 }\n" ORDERS,
		"3:25 athena.price_per_tb: expected a price in dollars, got `-1` => write a number, as 5 or "
		"6.75\n" },
	{ SOURCE LAKE "athena: { price_per_tb: 5.1234567 }\n" ORDERS,
		"3:25 athena.price_per_tb: expected a price in dollars, got `5.1234567` => write a number, as "
		"5 or 6.75\n" },
	{ SOURCE LAKE "athena: { result_reuse: 1s }\n" ORDERS,
		"3:25 athena.result_reuse: expected a duration from 1min to 7d, got `1s` => write a number "
		"with its unit, as 500ms, 30s, 10min, 2h or 7d\n" },
	/* trino */
	{ SOURCE LAKE "trino: { catalog: hive }\n" ORDERS,
		"3:1 trino: the key `url` is missing => add `url:`: The coordinator: "
		"`https://trino.example.org:8443`.\n" },
	{ SOURCE LAKE "trino: { url: trino:8080 }\n" ORDERS,
		"3:15 trino.url: expected the URL of a Trino coordinator, got `trino:8080` => " TRINO_URL_HINT },
	{ SOURCE LAKE "trino: { url: \"https://me:hunter2@trino\" }\n" ORDERS,
		"3:16 trino.url: expected the URL of a Trino coordinator, got `https://me:*******@trino` => "
		TRINO_URL_HINT },
	{ SOURCE LAKE "trino: { url: \"http://trino:8080\", password: hunter2 }\n" ORDERS,
		"3:16 trino.url: a password or token would go there unencrypted => write https://; only a "
		"server on this machine may do without\n" },
	{ SOURCE LAKE TRINO "password: hunter2, token: abc }\n" ORDERS,
		"3:68 trino.token: `password` and `token` exclude each other => remove one of them\n" },
	{ SOURCE LAKE TRINO "session: [a] }\n" ORDERS,
		"3:58 trino.session: expected at most 100 session properties, got a list => write `{ "
		"query_max_run_time: 10m }`\n" },
	{ SOURCE LAKE TRINO "session: { \"a b\": 1 } }\n" ORDERS,
		"3:61 trino.session: `a b` is no session property => SHOW SESSION lists them; a catalog's are "
		"written as hive.name\n" },
	{ SOURCE LAKE TRINO "schmea: x }\n" ORDERS,
		"3:49 trino: unknown key `schmea` => did you mean `schema`?\n" },
};
/* clang-format on */

#endif
