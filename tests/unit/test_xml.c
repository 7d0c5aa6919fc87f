#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "io/xml.h"

/* Behind a copy of exactly n bytes lies what the sanitizer watches. */
static char *exactly(const char *xml, size_t n)
{
	char *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, xml, n);
	return copy;
}

/* All elements of a document as `parent/name=text;`, a text that is none as `*`. */
static bool walk(const char *xml, size_t n, struct tr_str *out, struct tr_err *err)
{
	char *copy = exactly(xml, n);
	struct tr_xml x;
	bool ok = true, ended = true;
	*err = (struct tr_err){ 0 };
	tr_str_init(out, (size_t)1 << 20);
	tr_str_add(out, "");
	tr_xml_init(&x, copy, n);
	while (ok && ended) {
		ok = tr_xml_next(&x, &ended, err);
		if (ok && ended)
			tr_str_addf(out, "%s/%s=%s;", x.parent, x.name, x.text ? x.text : "*");
	}
	/* It stays at its end, good or bad. */
	struct tr_err again = { 0 };
	assert_true(tr_xml_next(&x, &ended, &again) == ok);
	assert_false(ended);
	tr_xml_clear(&x);
	free(copy);
	return ok;
}

static void assert_walk(const char *xml, const char *expected)
{
	struct tr_err err;
	struct tr_str out;
	bool ok = walk(xml, strlen(xml), &out, &err);
	if (!ok || strcmp(out.ptr, expected) != 0)
		fail_msg("%s is %s\n%s", xml, out.ptr, err.what);
	tr_str_clear(&out);
}

static void assert_malformed(const char *xml, size_t n)
{
	struct tr_err err;
	struct tr_str out;
	if (walk(xml, n, &out, &err))
		fail_msg("%.*s was taken for %s", (int)n, xml, out.ptr);
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	assert_string_equal(err.what, "the server's answer is not whole and well-formed XML");
	assert_string_equal(err.hint, "check that the endpoint is the service's address");
	tr_str_clear(&out);
}

static void elements_come_as_they_end(void **state)
{
	(void)state;
	assert_walk("<?xml version=\"1.0\"?>\n<a xmlns='u'><b><c>x</c></b></a>\n", "b/c=x;a/b=*;/a=*;");
	assert_walk("<a><b at=\"'>\">x</b></a>", "a/b=x;/a=*;");
	assert_walk("<a><b\n at='>'\t>x</b ></a>", "a/b=x;/a=*;");
	assert_walk("<a><b/><c x='1' />d</a>", "a/b=;a/c=;/a=*;");
	assert_walk("<a></a>", "/a=;");
	assert_walk("\xEF\xBB\xBF  <a/>", "/a=;");
	assert_walk("<a>1<b>2</b>3</a>", "a/b=2;/a=*;");
	assert_walk("<x:a.b-c_1><\xC3\xA4/></x:a.b-c_1>", "x:a.b-c_1/\xC3\xA4=;/x:a.b-c_1=*;");
	assert_walk("<!-- <a> --><a><!-- <b>no</b> --><?p <b>no</b>?><b>y</b></a>", "a/b=y;/a=*;");
}

static void entities_and_cdata_are_resolved_in_text(void **state)
{
	(void)state;
	assert_walk("<k>&lt;a&amp;b&gt;&quot;&apos;</k>", "/k=<a&b>\"';");
	assert_walk("<k>&#34;&#x22;&#xe4;&#8364;&#x1F600;</k>", "/k=\"\"ä€😀;");
	assert_walk("<k>&amp;lt;</k>", "/k=&lt;;");
	assert_walk("<k>a<![CDATA[<b>&amp;]]>c<!-- d -->e</k>", "/k=a<b>&amp;ce;");
	assert_walk("<k> <![CDATA[]]>\n</k>", "/k= \n;");
}

static void what_is_not_well_formed_is_an_error(void **state)
{
	(void)state;
	static const char *const bad[] = { "", " ", "ok", "<", "<b", "<b>", "<b>x", "<b>x<", "<b>x</",
		"<b>x</b", "<b at='>x</b>", "</b>", "<!-- <b>x</b>", "<![CDATA[<b>x</b>", "<?<b>x</b>",
		"<b><b>x</b>", "<>", "</>", "< b>x</b>", "<b>x</B>", "<b>x</b/>", "<b>x</b y>", "<b/><b/>",
		"<b/></b>", "x<b/>", "<b/>x", "<b/><![CDATA[x]]>", "<?xml?>", "<!DOCTYPE b><b/>", "<b <c/>",
		"<b&></b&>", "<b>&nbsp;</b>", "<b>a & b</b>", "<b>&</b>", "<b>&;</b>", "<b>&amp</b>",
		"<b>&#;</b>", "<b>&#x;</b>", "<b>&#xZZ;</b>", "<b>&#-1;</b>", "<b>&#0;</b>",
		"<b>&#xD800;</b>", "<b>&#x110000;</b>", "<b>&#99999999999;</b>" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_malformed(bad[i], strlen(bad[i]));
	assert_malformed("<b>\0</b>", 8);
	assert_malformed("<b\0>x</b\0>", 11);
	assert_malformed("<b><![CDATA[\0]]></b>", 20);
}

static void every_cut_of_an_answer_is_an_error_and_read_inside_its_bytes(void **state)
{
	(void)state;
	static const char xml[] = "<?xml version='1.0'?><!-- c --><Error a=\"'b'\"><Code>Slow&#x44;own</Code>"
				  "<Message><![CDATA[a]]>&lt;&#1;</Message><R/></Error>";
	struct tr_str text;
	tr_str_init(&text, 100);
	for (size_t n = 0; n < sizeof xml - 1; n++) {
		assert_malformed(xml, n);
		/* What stood before the cut can be had all the same. */
		char *copy = exactly(xml, n);
		if (tr_xml_find(copy, n, "Error", "Code", &text))
			assert_string_equal(text.ptr, "SlowDown");
		else
			assert_true(n < (size_t)(strstr(xml, "<Message>") - xml));
		free(copy);
	}
	assert_walk(xml, "Error/Code=SlowDown;Error/Message=a<\x01;Error/R=;/Error=*;");
	tr_str_clear(&text);
}

static void depth_names_and_texts_have_a_maximum(void **state)
{
	(void)state;
	assert_walk("<a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>",
		"a/a=;a/a=*;a/a=*;a/a=*;a/a=*;a/a=*;a/a=*;/a=*;");
	static const char deep[] = "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>";
	assert_malformed(deep, sizeof deep - 1);
	for (size_t n = TR_XML_NAME - 1; n <= TR_XML_NAME; n++) {
		struct tr_err err;
		struct tr_str xml, out;
		tr_str_init(&xml, 200);
		tr_str_addf(&xml, "<%0*d/>", (int)n, 0);
		assert_true(walk(xml.ptr, xml.len, &out, &err) == (n < TR_XML_NAME));
		tr_str_clear(&xml);
		tr_str_clear(&out);
	}
	for (size_t n = TR_XML_TEXT - 1; n <= TR_XML_TEXT; n++) {
		struct tr_err err;
		struct tr_str xml, out;
		tr_str_init(&xml, TR_XML_TEXT + 100);
		tr_str_addf(&xml, "<b>%0*d</b>", (int)n, 0);
		assert_true(walk(xml.ptr, xml.len, &out, &err) == (n < TR_XML_TEXT));
		tr_str_clear(&xml);
		tr_str_clear(&out);
	}
}

static void assert_found(const char *xml, const char *parent, const char *name, const char *expected)
{
	struct tr_str text;
	tr_str_init(&text, 4096);
	bool found = tr_xml_find(xml, strlen(xml), parent, name, &text);
	if (found != (expected != NULL) || strcmp(text.ptr, expected ? expected : "") != 0)
		fail_msg("%s of %s is `%s`", name, xml, text.ptr);
	tr_str_clear(&text);
}

static void the_first_element_of_a_name_is_found(void **state)
{
	(void)state;
	assert_found("<a><b><c>x</c></b></a>", NULL, "c", "x");
	assert_found("<a><b><c>x</c></b></a>", "b", "c", "x");
	assert_found("<a><b><c>x</c></b></a>", "a", "c", NULL);
	assert_found("<a><b><c>x</c></b></a>", NULL, "b", NULL);
	assert_found("<a/>", "", "a", "");
	assert_found("<a><b/><b>2</b></a>", NULL, "b", "");
	assert_found("<a><bb>no</bb><b>1</b><b>2</b></a>", NULL, "b", "1");
	assert_found("<a><b>1</b></oops>", NULL, "b", "1");
	assert_found("<a><b>&oops;</b><b>2</b></a>", NULL, "b", NULL);
	assert_found("", NULL, "b", NULL);
	struct tr_str text;
	tr_str_init(&text, 11);
	assert_true(tr_xml_find("<k>0123456789</k>", 17, NULL, "k", &text));
	tr_str_clear(&text);
	tr_str_init(&text, 10);
	assert_false(tr_xml_find("<k>0123456789</k>", 17, NULL, "k", &text));
	tr_str_clear(&text);
	tr_str_init(&text, 10);
	assert_false(tr_xml_find(NULL, 0, NULL, "k", &text));
	tr_str_clear(&text);
}

static void what_is_escaped_reads_back(void **state)
{
	(void)state;
	static const char odd[] = "a&b<c>\"d\"'e';&amp;\xC3\xA4";
	struct tr_str xml;
	tr_str_init(&xml, 1000);
	tr_str_add(&xml, "<k>");
	tr_xml_escape(&xml, odd);
	tr_str_add(&xml, "</k>");
	assert_found(xml.ptr, NULL, "k", odd);
	tr_str_clear(&xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_come_as_they_end),
		cmocka_unit_test(entities_and_cdata_are_resolved_in_text),
		cmocka_unit_test(what_is_not_well_formed_is_an_error),
		cmocka_unit_test(every_cut_of_an_answer_is_an_error_and_read_inside_its_bytes),
		cmocka_unit_test(depth_names_and_texts_have_a_maximum),
		cmocka_unit_test(the_first_element_of_a_name_is_found),
		cmocka_unit_test(what_is_escaped_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
