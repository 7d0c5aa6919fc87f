#include "base/hex.h"

#include <stdbool.h>

int tr_hex_digit(char c)
{
	return c >= '0' && c <= '9'    ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : -1;
}

void tr_percent_decode(char *text)
{
	char *out = text;
	for (; *text; text++) {
		int high = *text == '%' ? tr_hex_digit(text[1]) : -1;
		int low = high >= 0 ? tr_hex_digit(text[2]) : -1;
		bool escape = low >= 0 && (high | low) != 0;
		*out++ = escape ? (char)(high << 4 | low) : *text;
		text += escape ? 2 : 0;
	}
	*out = '\0';
}
