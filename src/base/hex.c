#include "base/hex.h"

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
		if (low >= 0 && (high | low) != 0) {
			*out++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}
