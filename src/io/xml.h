/*
 * Reading the XML answers of AWS's services: no namespaces, no DTD, no tree. One pass that
 * stops at the end of each element; text is decoded by XML's rules and by nothing looser.
 * Input is hostile: every reading is inside the given bytes, names, depth and texts have a
 * maximum, and time is linear in the bytes.
 *
 * How strict an answer is taken is the caller's: a listing counts only when the document's
 * end was reached without an error, the code of an error as soon as it was read.
 */
#ifndef TR_IO_XML_H
#define TR_IO_XML_H

#include "base/mem.h"

#define TR_XML_DEPTH 8
#define TR_XML_NAME 64
#define TR_XML_TEXT ((size_t)32 << 10)

struct tr_xml {
	/* The element that ended last; borrowed until the next call. */
	const char *name, *parent; /* the parent of the outermost one is "" */
	const char *text;          /* NULL: it has elements in it; the text between them is lost */

	/* The rest is the reader's own. */
	const char *p, *end; /* borrowed: what is still to be read */
	char names[TR_XML_DEPTH][TR_XML_NAME];
	int depth;
	bool leaf;  /* no element has ended since the last one began */
	bool whole; /* the outermost element has ended */
	struct tr_str content;
};

/* The bytes are borrowed until tr_xml_clear. */
void tr_xml_init(struct tr_xml *x, const char *xml, size_t n);
void tr_xml_clear(struct tr_xml *x);
/* On to the end of the next element. *ended false: there is none, and the document was whole.
 * Error (internal): it is cut short or not well-formed, or goes beyond a maximum; the calls
 * behind it fail in the same way. */
bool tr_xml_next(struct tr_xml *x, bool *ended, struct tr_err *err) TR_CHECKED;

/* The text of the first element `name` without elements in it, directly in a `parent` (NULL:
 * in any); *out is replaced. What follows it is not looked at. False (no error set): it is not
 * there, or behind something malformed, or longer than *out may become. */
bool tr_xml_find(const char *xml, size_t n, const char *parent, const char *name, struct tr_str *out);

/* Append text as an element or an attribute holds it. */
void tr_xml_escape(struct tr_str *out, const char *text);

#endif
