#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "io/xml.h"

struct found {
	struct tr_str text;
	size_t at;
	bool ok;
};

static void find(struct found *f, const char *xml, size_t n, const char *name, size_t max)
{
	/* Behind a copy of exactly n bytes lies what the sanitizer watches. */
	char *copy = malloc(n ? n : 1);
	memcpy(copy, xml, n);
	f->at = 0;
	tr_str_init(&f->text, max);
	f->ok = tr_xml_element(copy, n, &f->at, name, &f->text);
	free(copy);
}

static void assert_found(const char *xml, const char *name, const char *text)
{
	struct found f;
	find(&f, xml, strlen(xml), name, 4096);
	if (!f.ok)
		fail_msg("<%s> was not found in %s", name, xml);
	assert_string_equal(f.text.ptr, text);
	tr_str_clear(&f.text);
}

static void assert_absent(const char *xml, const char *name)
{
	struct found f;
	find(&f, xml, strlen(xml), name, 4096);
	if (f.ok)
		fail_msg("<%s> was found in %s: %s", name, xml, f.text.ptr);
	assert_int_equal(f.at, 0);
	tr_str_clear(&f.text);
}

static void text_of_an_element_is_found_at_any_depth(void **state)
{
	(void)state;
	assert_found("<?xml version=\"1.0\"?>\n<a xmlns='u'><b><c>x</c></b></a>", "c", "x");
	assert_found("<a><b at=\"<>\">x</b></a>", "b", "x");
	assert_found("<a><b\n at='>'\t>x</b ></a>", "b", "x");
	assert_found("<a><b/><c>y</c></a>", "b", "");
	assert_found("<a><b x='1' /><c>y</c></a>", "b", "");
	assert_found("<a></a>", "a", "");
	assert_found("<bb>no</bb><b>yes</b>", "b", "yes");
	assert_found("<!-- <b>no</b> --><![CDATA[<b>no</b>]]><?p <b>no</b>?><b>yes</b>", "b", "yes");
}

static void entities_and_cdata_are_resolved_in_text(void **state)
{
	(void)state;
	assert_found("<k>&lt;a&amp;b&gt;&quot;&apos;</k>", "k", "<a&b>\"'");
	assert_found("<k>&#34;&#x22;&#xe4;&#8364;&#x1F600;</k>", "k", "\"\"ä€😀");
	assert_found("<k>&amp;lt;</k>", "k", "&lt;");
	assert_found("<k>a<![CDATA[<b>&amp;]]>c<!-- d -->e</k>", "k", "a<b>&amp;ce");
	assert_found("<k>a & b &nbsp; &#; &#x; &#xZZ; &#-1; &</k>", "k",
		"a & b &nbsp; &#; &#x; &#xZZ; &#-1; &");
	assert_found("<k>&#0;&#xD800;&#x110000;&#99999999;</k>", "k",
		"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void an_element_of_elements_comes_back_as_it_stands(void **state)
{
	(void)state;
	assert_found("<r><c><k>&lt;k&gt;</k><s>1</s></c><c>2</c></r>", "c", "<k>&lt;k&gt;</k><s>1</s>");
	assert_found("<r><c>1<c>2</c>3</c></r>", "c", "1<c>2</c>3");
}

static void a_search_goes_on_behind_the_last_element(void **state)
{
	(void)state;
	const char *xml = "<r><k>1</k><k/><k>3</k></r>";
	struct tr_str text;
	size_t at = 0;
	int n = 0;
	tr_str_init(&text, 100);
	for (const char *const expected[] = { "1", "", "3" };
		tr_xml_element(xml, strlen(xml), &at, "k", &text); n++)
		assert_string_equal(text.ptr, expected[n]);
	assert_int_equal(n, 3);
	assert_ptr_equal(strstr(xml, "</r>"), xml + at);
	tr_str_clear(&text);
}

static void what_is_cut_short_or_never_closed_is_absent(void **state)
{
	(void)state;
	static const char *const broken[] = { "", "<", "<b", "<b>", "<b>x", "<b>x<", "<b>x</", "<b>x</b",
		"<b at='>x</b>", "</b>", "<!-- <b>x</b>", "<![CDATA[<b>x</b>", "<?<b>x</b>", "<b><b>x</b>",
		"<>", "< b>x</b>", "<B>x</B>" };
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		assert_absent(broken[i], "b");
}

static void every_cut_of_an_answer_is_read_inside_its_bytes(void **state)
{
	(void)state;
	static const char xml[] = "<?xml version='1.0'?><!-- c --><Error a=\"<b>\"><Code>Slow&#x44;own</Code>"
				  "<Message><![CDATA[a]]>&lt;&#1;</Message><R/></Error>";
	for (size_t n = 0; n < sizeof xml; n++)
		for (size_t from = 0; from <= n; from++) {
			struct found f;
			find(&f, xml + from, n - from, "Message", 4096);
			if (f.ok)
				assert_string_equal(f.text.ptr, "a<\x01");
			tr_str_clear(&f.text);
		}
}

static void text_beyond_the_maximum_is_refused(void **state)
{
	(void)state;
	struct found f;
	find(&f, "<k>0123456789</k>", 17, "k", 11);
	assert_true(f.ok);
	tr_str_clear(&f.text);
	find(&f, "<k>0123456789</k>", 17, "k", 10);
	assert_false(f.ok);
	tr_str_clear(&f.text);
}

static void deep_nesting_takes_no_stack_and_linear_time(void **state)
{
	(void)state;
	size_t depth = 200000, n = 0;
	char *xml = malloc(depth * 7 + 1);
	struct tr_str text;
	size_t at = 0;
	for (size_t i = 0; i < depth; i++, n += 3)
		memcpy(xml + n, "<k>", 3);
	for (size_t i = 0; i < depth; i++, n += 4)
		memcpy(xml + n, "</k>", 4);
	tr_str_init(&text, 1 << 24);
	assert_true(tr_xml_element(xml, n, &at, "k", &text));
	assert_int_equal(at, n);
	assert_int_equal(text.len, n - 7);
	at = 0;
	assert_false(tr_xml_element(xml, n - 4, &at, "k", &text));
	tr_str_clear(&text);
	free(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_an_element_is_found_at_any_depth),
		cmocka_unit_test(entities_and_cdata_are_resolved_in_text),
		cmocka_unit_test(an_element_of_elements_comes_back_as_it_stands),
		cmocka_unit_test(a_search_goes_on_behind_the_last_element),
		cmocka_unit_test(what_is_cut_short_or_never_closed_is_absent),
		cmocka_unit_test(every_cut_of_an_answer_is_read_inside_its_bytes),
		cmocka_unit_test(text_beyond_the_maximum_is_refused),
		cmocka_unit_test(deep_nesting_takes_no_stack_and_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
