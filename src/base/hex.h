/* Hexadecimal digits in text, and the percent-encoding (RFC 3986, section 2.1) made of them. */
#ifndef TR_BASE_HEX_H
#define TR_BASE_HEX_H

/* The value of a digit of either case; -1: it is none. */
int tr_hex_digit(char c);
/* Decode in place. What is no escape stays as it is, and so does `%00`: no text holds it. */
void tr_percent_decode(char *text);

#endif
