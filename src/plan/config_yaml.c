#include "plan/config_yaml.h"

#include <libfyaml.h>
#include <string.h>

#include "plan/config_read.h"

struct builder {
	const struct tr_config *config;
	size_t n; /* bytes of config->text */
	struct tr_arena *arena;
	struct tr_errs *errs;
	struct fy_parser *parser;
	struct tr_yaml *open[TR_YAML_DEPTH]; /* the collections around the current event */
	struct tr_yaml *last[TR_YAML_DEPTH]; /* their last child */
	struct tr_yaml *key[TR_YAML_DEPTH];  /* in a map: the key that waits for its value */
	bool repeated[TR_YAML_DEPTH];        /* that key stands in the map already */
	int depth;
	size_t nodes;
	struct tr_yaml *root;
	bool failed;
};

bool tr_yaml_is_null(const struct tr_yaml *node)
{
	if (node->kind != TR_YAML_TEXT || !node->plain)
		return false;
	const char *t = node->text;
	return !*t || strcmp(t, "~") == 0 || strcmp(t, "null") == 0 || strcmp(t, "Null") == 0 ||
		strcmp(t, "NULL") == 0;
}

const struct tr_yaml *tr_yaml_find(const struct tr_yaml *node, const char *key)
{
	if (!node || node->kind != TR_YAML_MAP)
		return NULL;
	for (const struct tr_yaml *child = node->first; child; child = child->next)
		if (strcmp(child->key->text, key) == 0)
			return child;
	return NULL;
}

/* Set once: what follows a structural mistake would only confuse. */
static struct tr_err *fail_at(struct builder *b, struct tr_pos pos, const char *what)
{
	b->failed = true;
	return tr_config_mistake(b->config, b->errs, pos, "%s", what);
}

static struct tr_pos mark_pos(const struct builder *b, const struct fy_mark *mark)
{
	size_t at = mark->input_pos > b->n ? b->n : mark->input_pos;
	size_t line_start = at;
	while (line_start > 0 && b->config->text[line_start - 1] != '\n')
		line_start--;
	return (struct tr_pos){ mark->line + 1, (int)(at - line_start) + 1 };
}

static struct tr_yaml *new_node(struct builder *b, struct fy_event *event, enum tr_yaml_kind kind)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	const struct tr_yaml *key = b->depth ? b->key[b->depth - 1] : NULL;
	struct tr_err *err, memory = { 0 };
	if (++b->nodes > TR_YAML_NODES) {
		err = fail_at(b, mark ? mark_pos(b, mark) : (struct tr_pos){ 1, 1 },
			"the file has too many values");
		tr_err_hint(err, "a configuration has at most %d values; split it into several files",
			TR_YAML_NODES);
		return NULL;
	}
	struct tr_yaml *node = tr_arena_alloc(b->arena, sizeof *node, &memory);
	if (!node) {
		b->failed = true;
		*tr_errs_add(b->errs) = memory;
		return NULL;
	}
	node->kind = kind;
	/* An empty value has no token of its own: it stands where its key stands. */
	node->pos = mark ? mark_pos(b, mark) : key ? key->pos : (struct tr_pos){ 1, 1 };
	node->start = mark ? mark->input_pos : key ? key->start : 0;
	return node;
}

/* Hang a finished or just opened node into the collection around it. */
static void attach(struct builder *b, struct tr_yaml *node)
{
	if (b->depth == 0) {
		b->root = node;
		return;
	}
	int top = b->depth - 1;
	struct tr_yaml *parent = b->open[top];
	if (parent->kind == TR_YAML_MAP) {
		node->key = b->key[top];
		b->key[top] = NULL;
		if (b->repeated[top])
			return;
	}
	if (++parent->n > TR_YAML_ENTRIES) {
		struct tr_err *err = fail_at(b, node->pos, "a group or list is too long");
		tr_err_hint(err, "at most %d entries are read", TR_YAML_ENTRIES);
		return;
	}
	if (b->last[top])
		b->last[top]->next = node;
	else
		parent->first = node;
	b->last[top] = node;
}

static void add_key(struct builder *b, struct tr_yaml *key)
{
	int top = b->depth - 1;
	b->key[top] = key;
	b->repeated[top] = false;
	for (const struct tr_yaml *other = b->open[top]->first; other; other = other->next) {
		if (strcmp(other->key->text, key->text) != 0)
			continue;
		struct tr_err *err =
			tr_config_mistake(b->config, b->errs, key->pos, "`%s` stands here twice", key->text);
		tr_err_hint(err, "the first is in line %d: keep one of the two", other->key->pos.line);
		b->repeated[top] = true;
		return;
	}
}

/* Only digits and blanks, as many as `n` bytes. */
static bool is_number(const char *text, size_t n)
{
	return n > 0 && strspn(text, " 0123456789") >= n;
}

/* In `{ type: decimal(12,2) }` YAML's comma ends the value: `decimal(12`, and a key `2)`
 * without a value. No other text looks so; the two are one type again. */
static bool join_type(struct builder *b, const struct tr_yaml *node)
{
	const int top = b->depth - 1;
	struct tr_yaml *type = b->last[top];
	const struct tr_yaml *key = b->key[top];
	if (!type || type->kind != TR_YAML_TEXT || !type->plain || !key->plain || !node->plain || *node->text)
		return false;
	const char *open = strchr(type->text, '(');
	size_t digits = strcspn(key->text, ")");
	if (!open || !is_number(open + 1, strlen(open + 1)) || !is_number(key->text, digits) ||
		strcmp(key->text + digits, ")") != 0)
		return false;
	struct tr_err memory = { 0 };
	char *joined = tr_arena_printf(b->arena, &memory, "%s,%s", type->text, key->text);
	if (!joined) {
		b->failed = true;
		*tr_errs_add(b->errs) = memory;
		return true;
	}
	type->text = joined;
	b->key[top] = NULL;
	return true;
}

/* A key is expected: in a map, before each value. */
static bool wants_key(const struct builder *b)
{
	return b->depth > 0 && b->open[b->depth - 1]->kind == TR_YAML_MAP && !b->key[b->depth - 1];
}

static void open_collection(struct builder *b, struct fy_event *event, enum tr_yaml_kind kind)
{
	struct tr_yaml *node = new_node(b, event, kind);
	if (!node)
		return;
	if (wants_key(b)) {
		tr_err_hint(fail_at(b, node->pos, "a key must be a plain text"),
			"text with `${`, `{` or `[` in it needs quotes: \"${HOME}\"");
		return;
	}
	if (b->depth == TR_YAML_DEPTH) {
		tr_err_hint(fail_at(b, node->pos, "the file is nested too deeply"),
			"at most %d levels are read", TR_YAML_DEPTH);
		return;
	}
	attach(b, node);
	b->open[b->depth] = node;
	b->last[b->depth] = NULL;
	b->key[b->depth] = NULL;
	b->repeated[b->depth] = false;
	b->depth++;
}

static void add_text(struct builder *b, struct fy_event *event)
{
	struct tr_yaml *node = new_node(b, event, TR_YAML_TEXT);
	if (!node)
		return;
	size_t len = 0;
	const char *text = event->scalar.value ? fy_token_get_text(event->scalar.value, &len) : "";
	struct tr_err memory = { 0 };
	node->plain = !event->scalar.value || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
	node->text = tr_arena_strndup(b->arena, text ? text : "", text ? len : 0, &memory);
	if (!node->text) {
		b->failed = true;
		*tr_errs_add(b->errs) = memory;
	} else if (strlen(node->text) != len) {
		tr_err_hint(fail_at(b, node->pos, "a text holds a NUL character"), "leave the \\0 out");
	} else if (wants_key(b)) {
		add_key(b, node);
	} else if (b->depth == 0 || b->open[b->depth - 1]->kind != TR_YAML_MAP || !join_type(b, node)) {
		attach(b, node);
	}
}

static void refuse(struct builder *b, struct fy_token *token, const char *what, const char *hint)
{
	if (!token)
		return;
	const struct fy_mark *mark = fy_token_start_mark(token);
	tr_err_hint(fail_at(b, mark ? mark_pos(b, mark) : (struct tr_pos){ 1, 1 }, what), "%s", hint);
}

static void refuse_anchor(struct builder *b, struct fy_token *token)
{
	refuse(b, token, "anchors and aliases (`&name`, `*name`) are not read",
		"write the value out; a text that begins with & or * needs quotes");
}

static void refuse_tag(struct builder *b, struct fy_token *token)
{
	refuse(b, token, "tags (`!name`) are not read",
		"leave the tag out; a text that begins with ! needs quotes");
}

static void take_event(struct builder *b, struct fy_event *event)
{
	switch (event->type) {
	case FYET_MAPPING_START:
		refuse_anchor(b, event->mapping_start.anchor);
		refuse_tag(b, event->mapping_start.tag);
		open_collection(b, event, TR_YAML_MAP);
		break;
	case FYET_SEQUENCE_START:
		refuse_anchor(b, event->sequence_start.anchor);
		refuse_tag(b, event->sequence_start.tag);
		open_collection(b, event, TR_YAML_LIST);
		break;
	case FYET_SCALAR:
		refuse_anchor(b, event->scalar.anchor);
		refuse_tag(b, event->scalar.tag);
		add_text(b, event);
		break;
	case FYET_ALIAS: refuse_anchor(b, event->alias.anchor); break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END: b->depth--; break;
	case FYET_DOCUMENT_START:
		if (b->root) {
			const struct fy_mark *mark = fy_event_start_mark(event);
			tr_err_hint(fail_at(b, mark ? mark_pos(b, mark) : (struct tr_pos){ 1, 1 },
					    "a second document begins here"),
				"a configuration is one document: remove the `---`");
		}
		break;
	default: break;
	}
}

/* libfyaml counts columns in characters; places are in bytes. */
static struct tr_pos byte_pos(const struct tr_config *config, int line, int column)
{
	const char *p = config->text;
	for (int i = 0; i < line && *p; i++) {
		const char *end = strchr(p, '\n');
		if (!end)
			break;
		p = end + 1;
	}
	const char *start = p;
	for (int i = 0; i < column && *p && *p != '\n'; i++)
		do
			p++;
		while (((unsigned char)*p & 0xC0) == 0x80);
	return (struct tr_pos){ line + 1, (int)(p - start) + 1 };
}

static void syntax_error(struct builder *b, struct fy_diag *diag)
{
	void *previous = NULL;
	const struct fy_diag_error *found = fy_diag_errors_iterate(diag, &previous);
	struct tr_pos pos = { 1, 1 };
	if (found && found->line > 0 && found->column > 0)
		pos = byte_pos(b->config, found->line - 1, found->column - 1);
	struct tr_err *err = fail_at(b, pos, "this is not well-formed YAML");
	if (found && found->msg)
		tr_err_detail(err, "%s", found->msg);
	const char *line = err->place.excerpt;
	size_t column = (size_t)pos.column - 1;
	if (memchr(line, '\t', strspn(line, " \t")))
		tr_err_hint(err, "indent with blanks: YAML allows no tabs there");
	else if (column > 0 && column < strlen(line) && line[column - 1] == '$' && line[column] == '{')
		tr_err_hint(err, "within { } and [ ] a variable needs quotes: \"${NAME}\"");
	else
		tr_err_hint(err,
			"look at the indentation, and at brackets and quotes that are not closed; text with "
			"`: ` or ` #` in it, or that begins with one of []{}&*!|>%%@`'\", needs quotes");
}

bool tr_yaml_parse(const struct tr_config *config, size_t n, struct tr_arena *arena, struct tr_yaml **root,
	struct tr_errs *errs)
{
	struct builder b = { .config = config, .n = n, .arena = arena, .errs = errs };
	struct fy_event *event;
	/* Collected, never printed. */
	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	struct fy_diag *diag = fy_diag_create(&diag_cfg);
	if (!diag)
		goto out_of_memory;
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag };
	b.parser = fy_parser_create(&cfg);
	if (!b.parser || fy_parser_set_string(b.parser, config->text, n) != 0)
		goto out_of_memory;
	while (!b.failed && (event = fy_parser_parse(b.parser)) != NULL) {
		take_event(&b, event);
		fy_parser_event_free(b.parser, event);
	}
	if (!b.failed && (fy_parser_get_stream_error(b.parser) || fy_diag_got_error(diag)))
		syntax_error(&b, diag);
	fy_parser_destroy(b.parser);
	fy_diag_destroy(diag);
	*root = b.root;
	return !b.failed;
out_of_memory:
	if (b.parser)
		fy_parser_destroy(b.parser);
	if (diag)
		fy_diag_destroy(diag);
	tr_err_memory(tr_errs_add(errs), n);
	return false;
}
