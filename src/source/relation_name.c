#include "source/relation_name.h"

#include <string.h>

static bool not_a_name(const char *text, const char *problem, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "`%s` is not a relation's name: %s", text, problem);
	return tr_err_hint(err,
		"write table or schema.table; a part with a dot, a blank or a quote in double "
		"quotes, as \"My Schema\".\"Order.Items\"");
}

/* One part from *p on, which is left behind it. */
static const char *parse_part(const char **p, struct tr_relation_part *out)
{
	const char *s = *p;
	size_t n = 0;
	out->quoted = *s == '"';
	if (out->quoted)
		s++;
	for (; *s && (out->quoted || *s != '.'); s++) {
		if (*s == '"') {
			if (!out->quoted)
				return "a quote in the middle";
			if (s[1] != '"')
				break;
			s++;
		}
		if (n + 1 >= sizeof out->name)
			return "it is too long";
		out->name[n++] = *s;
	}
	if (out->quoted && *s++ != '"')
		return "the closing quote is missing";
	out->name[n] = '\0';
	*p = s;
	return n == 0 ? "a part is empty" : NULL;
}

bool tr_relation_name_parse(const char *text, struct tr_relation_name *out, struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	const char *p = text;
	const char *problem = parse_part(&p, &out->table);
	if (!problem && *p == '.') {
		p++;
		out->schema = out->table;
		problem = parse_part(&p, &out->table);
	}
	if (!problem && *p == '.')
		problem = "it has more than two parts (the database is the one of source.url)";
	else if (!problem && *p)
		problem = "something follows the closing quote";
	return problem ? not_a_name(text, problem, err) : true;
}
