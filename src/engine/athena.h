/*
 * Amazon Athena by its API: StartQueryExecution with an idempotency token, polling,
 * GetQueryResults page by page (only when rows are asked for), StopQueryExecution.
 */
#ifndef TR_ENGINE_ATHENA_H
#define TR_ENGINE_ATHENA_H

#include "engine/remote.h"
#include "io/aws.h"

/* All borrowed while the engine lives. */
struct tr_athena_options {
	const struct tr_aws *aws; /* its credentials, region and endpoints */
	/* The calls go through connections of the engine's own: its cancel ends the statement. */
	struct tr_http_options http;
	const char *endpoint;        /* of Athena; NULL: as tr_aws_endpoint says */
	const char *workgroup;       /* NULL: `primary` */
	const char *output_location; /* s3://...; NULL: the workgroup's, or managed results */
	const char *catalog;         /* NULL: `AwsDataCatalog` */
	const char *database;        /* NULL: none */
	int64_t result_reuse_ms;     /* 0: results of earlier statements are not reused */
	struct tr_events events;     /* may be zero */
};
bool tr_athena_new(const struct tr_athena_options *options, struct tr_remote **out,
	struct tr_err *err) TR_CHECKED;

#endif
