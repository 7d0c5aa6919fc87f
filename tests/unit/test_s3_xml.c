#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "io/aws_time.h"
#include "io/s3_xml.h"

#define AT "<LastModified>2026-11-22T22:30:01.000Z</LastModified>"
#define SIZE "<Size>1</Size>"

static bool parse(const char *xml, struct tr_s3_page *page, struct tr_err *err)
{
	*err = (struct tr_err){ 0 };
	return tr_s3_page_parse(xml, strlen(xml), page, err);
}

static void a_listing_is_read_with_its_entities_and_what_surrounds_it(void **state)
{
	(void)state;
	struct tr_err err;
	struct tr_s3_page page;
	assert_ok(parse("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
			"<Prefix>lake/</Prefix><KeyCount>2</KeyCount><IsTruncated>true</IsTruncated>"
			"<NextContinuationToken>1/x&#43;y==</NextContinuationToken>"
			"<Contents><Key>lake/a&amp;b=&#34;&#x41;&lt;&gt;&apos;&quot;+%20</Key>"
			"<LastModified>2026-11-22T22:30:01.250Z</LastModified><ETag>&quot;e&quot;</ETag>"
			"<Size>1234567890123</Size><Owner><ID>x</ID><DisplayName/></Owner></Contents>"
			"<Contents><Key><![CDATA[lake/]]>&#252;</Key>" AT "<Size>0</Size></Contents>"
			"<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>\n",
			  &page, &err),
		err);
	assert_int_equal(page.n, 2);
	assert_string_equal(page.items[0].key, "lake/a&b=\"A<>'\"+%20");
	assert_true(page.items[0].bytes == UINT64_C(1234567890123));
	assert_true(page.items[0].modified_us == INT64_C(1795386601250000));
	assert_null(page.items[0].upload_id);
	assert_string_equal(page.items[1].key, "lake/\xC3\xBC");
	assert_true(page.truncated);
	assert_string_equal(page.token, "1/x+y==");
	tr_s3_page_clear(&page);
}

static void keys_are_decoded_only_where_the_server_encoded_them(void **state)
{
	(void)state;
	struct tr_err err;
	struct tr_s3_page page;
	assert_ok(parse("<ListBucketResult><EncodingType>url</EncodingType><Contents>"
			"<Key>k%3Da+b%252F%2/%zz%00%2b</Key>" AT SIZE "</Contents></ListBucketResult>",
			  &page, &err),
		err);
	assert_string_equal(page.items[0].key, "k=a b%2F%2/%zz%00+");
	assert_false(page.truncated);
	assert_string_equal(page.token, "");
	tr_s3_page_clear(&page);
}

static void uploads_have_an_id_and_a_beginning(void **state)
{
	(void)state;
	struct tr_err err;
	struct tr_s3_page page;
	assert_ok(parse("<ListMultipartUploadsResult><NextKeyMarker>k</NextKeyMarker>"
			"<NextUploadIdMarker>u2</NextUploadIdMarker><IsTruncated>false</IsTruncated>"
			"<Upload><Key>k</Key><UploadId>u1</UploadId><Initiator><ID>i</ID></Initiator>"
			"<Initiated>2026-11-22T22:30:01Z</Initiated></Upload></ListMultipartUploadsResult>",
			  &page, &err),
		err);
	assert_int_equal(page.n, 1);
	assert_string_equal(page.items[0].upload_id, "u1");
	assert_true(page.items[0].modified_us == INT64_C(1795386601000000));
	assert_string_equal(page.key_marker, "k");
	assert_string_equal(page.upload_marker, "u2");
	tr_s3_page_clear(&page);
	assert_ok(parse("<ListBucketResult/>", &page, &err), err);
	assert_int_equal(page.n, 0);
	tr_s3_page_clear(&page);
}

#define KEY(text) "<Key>" text "</Key>"
#define ENTRY(fields) "<ListBucketResult><Contents>" fields "</Contents></ListBucketResult>"
#define UPLOAD(fields) "<ListMultipartUploadsResult><Upload>" fields "</Upload></ListMultipartUploadsResult>"

static void what_is_no_listing_is_an_error_and_never_an_empty_one(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"ok",
		"{}",
		"<html><body>sign in</body></html>",
		"<ListBucketResult>",
		"<ListBucketResult><Contents></ListBucketResult>",
		"<ListBucketResult></ListBucketResult",
		"<ListBucketResult></Other></ListBucketResult>",
		"</ListBucketResult>",
		"<a><ListBucketResult/></a>",
		"<ListBucketResult/><html/>",
		"<ListBucketResult/>0",
		"<ListBucketResult><IsTruncated>TRUE</IsTruncated></ListBucketResult>",
		"<ListBucketResult><IsTruncated/></ListBucketResult>",
		ENTRY(AT SIZE),
		ENTRY(KEY("k") SIZE),
		ENTRY(KEY("k") AT),
		ENTRY(KEY("k") AT "<Size/>"),
		ENTRY(KEY("k") AT "<Size>-1</Size>"),
		ENTRY(KEY("k") AT "<Size>1 </Size>"),
		ENTRY(KEY("k") AT "<Size>99999999999999999999</Size>"),
		ENTRY(KEY("k") SIZE "<LastModified>yesterday</LastModified>"),
		ENTRY(KEY("k<b/>") AT SIZE),
		ENTRY(KEY("&nbsp;") AT SIZE),
		ENTRY(KEY("&#0;") AT SIZE),
		ENTRY(KEY("&#xD800;") AT SIZE),
		ENTRY(KEY("&#99999999999;") AT SIZE),
		ENTRY(KEY("& ") AT SIZE),
		ENTRY(KEY("k") AT SIZE) " &",
		"<ListBucketResult><Contents/></ListBucketResult>",
		UPLOAD(KEY("k") "<Initiated>2026-11-22T22:30:01Z</Initiated>"),
		UPLOAD(KEY("k") "<UploadId>u</UploadId>"),
		UPLOAD("<UploadId>u</UploadId><Initiated>2026-11-22T22:30:01Z</Initiated>"),
		"<a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a>",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct tr_err err;
		struct tr_s3_page page;
		if (parse(bad[i], &page, &err))
			fail_msg("taken for a listing: %s", bad[i]);
		assert_int_equal(err.kind, TR_ERR_INTERNAL);
		assert_true(err.what[0]);
		tr_s3_page_clear(&page);
	}
	struct tr_err err = { 0 };
	struct tr_s3_page page;
	static const char nul[] = ENTRY(KEY("a\0b") AT SIZE);
	assert_false(tr_s3_page_parse(nul, sizeof nul - 1, &page, &err));
	tr_s3_page_clear(&page);
}

static void every_cut_of_a_listing_is_an_error(void **state)
{
	(void)state;
	static const char xml[] = "<?xml version='1.0'?>" ENTRY(KEY("a&amp;b") AT SIZE);
	struct tr_err err;
	struct tr_s3_page page;
	for (size_t n = 0; n < sizeof xml - 1; n++) {
		err = (struct tr_err){ 0 };
		assert_false(tr_s3_page_parse(xml, n, &page, &err));
		assert_string_equal(err.what, "the server's answer is not a listing of S3");
		assert_string_equal(err.hint, "check that s3.endpoint is the address of an S3 server");
		tr_s3_page_clear(&page);
	}
	assert_ok(parse(xml, &page, &err), err);
	assert_int_equal(page.n, 1);
	tr_s3_page_clear(&page);
}

static void times_are_those_of_iso_8601_in_utc(void **state)
{
	(void)state;
	int64_t us;
	assert_true(tr_aws_time("1970-01-01T00:00:00Z", &us) && us == 0);
	assert_true(tr_aws_time("2026-11-22T22:30:01.123456789Z", &us) && us == INT64_C(1795386601123456));
	assert_true(tr_aws_time("2026-11-22T23:30:01+01:00", &us) && us == INT64_C(1795386601000000));
	assert_true(tr_aws_time("2026-11-22T22:30:01UTC", &us) && us == INT64_C(1795386601000000));
	static const char *const bad[] = { "", "2026", "2026-11-22", "2026-11-22T22:30:01",
		"2026-11-22T22:30:01+1", "2026-13-22T22:30:01Z", "2026-11-00T22:30:01Z",
		"2026-02-29T22:30:01Z", "2026-11-22T24:30:01Z", "2026-11-22T22:60:01Z",
		"2026-11-22T22:30:01.Zx", "2026-11-22T22:30:01.1234567", "2026-11-22T22:30:01.1234567Zx",
		"99999-1-22T22:30:01Z", "yesterday",
		"2026-11-22T22:30:01.000000000000000000000000000000000000000000000000Z" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(tr_aws_time(bad[i], &us));
}

static void the_first_error_of_a_batch_delete_is_found(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_s3_delete_error out;
	const char *xml = "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied"
			  "</Code><Message>no &amp; no</Message></Error><Error><Key>c</Key></Error>"
			  "</DeleteResult>";
	assert_ok(tr_s3_delete_result(xml, strlen(xml), &out, &err), err);
	assert_true(out.failed);
	assert_string_equal(out.key, "b");
	assert_string_equal(out.code, "AccessDenied");
	assert_string_equal(out.message, "no & no");
	xml = "<DeleteResult xmlns=\"x\"></DeleteResult>";
	assert_ok(tr_s3_delete_result(xml, strlen(xml), &out, &err), err);
	assert_false(out.failed);
}

static void what_does_not_answer_a_batch_delete_is_an_error(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "ok", "<html/>", "<DeleteResult>", "<DeleteResult><Error>",
		"<DeleteResult><Deleted><Key>&</Key></Deleted></DeleteResult>", "<a><DeleteResult/></a>" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tr_err err = { 0 };
		struct tr_s3_delete_error out;
		if (tr_s3_delete_result(bad[i], strlen(bad[i]), &out, &err))
			fail_msg("taken for an answer: %s", bad[i]);
		assert_string_equal(err.what, "the server's answer is not that to a batch delete of S3");
		assert_true(err.hint[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listing_is_read_with_its_entities_and_what_surrounds_it),
		cmocka_unit_test(keys_are_decoded_only_where_the_server_encoded_them),
		cmocka_unit_test(uploads_have_an_id_and_a_beginning),
		cmocka_unit_test(what_is_no_listing_is_an_error_and_never_an_empty_one),
		cmocka_unit_test(every_cut_of_a_listing_is_an_error),
		cmocka_unit_test(times_are_those_of_iso_8601_in_utc),
		cmocka_unit_test(the_first_error_of_a_batch_delete_is_found),
		cmocka_unit_test(what_does_not_answer_a_batch_delete_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
