/*
 * Finding elements in the XML answers of S3 and STS: no namespaces, no DTD, no tree. Input is
 * hostile: every reading is inside the given bytes, and time is linear in them for each search.
 */
#ifndef TR_IO_XML_H
#define TR_IO_XML_H

#include "base/mem.h"

/*
 * The first element `name` at or behind *at (start with 0), at any depth; *at moves behind it.
 * *out is replaced: by the text with entities and CDATA resolved where the element holds only
 * text, else by its inner XML as it stands, to be searched again. False: not there, never
 * closed, or *out's maximum would be passed. An empty *out->ptr is "", never NULL, on success.
 */
bool tr_xml_element(const char *xml, size_t n, size_t *at, const char *name, struct tr_str *out);

/* Append a character as UTF-8; a number that is none becomes U+FFFD. */
void tr_xml_add_char(struct tr_str *out, unsigned long c);

#endif
