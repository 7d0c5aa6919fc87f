#include "data/name.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

bool tr_name_is_column(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > TR_NAME_MAX || is_digit(name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower(name[i]) && !is_digit(name[i]) && name[i] != '_')
			return false;
	return true;
}

bool tr_name_is_dataset(const char *name)
{
	return name[0] != '_' && tr_name_is_column(name);
}

#define FOLDED_MAX 512

/* Letters of Latin with their accents off, so that `Größe` is not `gr_e`: U+00C0 to U+017F. */
static void fold_latin(const char *source, char *out)
{
	static const char letters[] =
		"AAAAAAACEEEEIIIIDNOOOOO_OUUUUYTsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
		"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkk"
		"LlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
	static_assert(sizeof letters == 0x180 - 0xC0 + 1, "one a character");
	size_t n = 0;
	for (const unsigned char *p = (const unsigned char *)source; *p && n < FOLDED_MAX - 2; p++) {
		bool latin = p[0] >= 0xC3 && p[0] <= 0xC5 && (p[1] & 0xC0) == 0x80;
		if (!latin) {
			out[n++] = (char)p[0];
			continue;
		}
		unsigned code = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
		out[n++] = letters[code - 0xC0];
		if (code == 0xDF)
			out[n++] = 's';
		p++;
	}
	out[n] = '\0';
}

void tr_name_propose(const char *name, char *out)
{
	char source[FOLDED_MAX];
	size_t n = 0;
	fold_latin(name, source);
	for (size_t i = 0; source[i] && n < TR_NAME_MAX - 1; i++) {
		char c = source[i];
		bool boundary = is_upper(c) && i > 0 &&
			(is_lower(source[i - 1]) || is_digit(source[i - 1]) ||
				(is_upper(source[i - 1]) && is_lower(source[i + 1])));
		if (boundary && n > 0 && out[n - 1] != '_')
			out[n++] = '_';
		if (is_upper(c))
			out[n++] = (char)(c - 'A' + 'a');
		else if (is_lower(c) || is_digit(c) || c == '_')
			out[n++] = c;
		else if (n > 0 && out[n - 1] != '_')
			out[n++] = '_';
	}
	if (n == 0)
		out[n++] = '_';
	if (is_digit(out[0])) {
		memmove(out + 1, out, n);
		out[0] = '_';
		n++;
	}
	out[n] = '\0';
}

#define CLOSEST_MAX 64

/* Restricted Damerau-Levenshtein distance, case folded; texts of at most CLOSEST_MAX bytes. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
	uint8_t d[CLOSEST_MAX + 1][CLOSEST_MAX + 1];
	for (size_t i = 0; i <= la; i++)
		d[i][0] = (uint8_t)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
			int best = d[i - 1][j - 1] + (ca != cb);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
				cb == tolower((unsigned char)a[i - 2]) && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = (uint8_t)best;
		}
	}
	return d[la][lb];
}

const char *tr_name_closest(const char *name, const char *const *candidates, size_t n)
{
	size_t len = strlen(name);
	if (len == 0 || len > CLOSEST_MAX)
		return NULL;
	const char *best = NULL;
	size_t best_distance = len < 3 ? 1 : len / 3;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]);
		if (other == 0 || other > CLOSEST_MAX)
			continue;
		size_t found = distance(name, len, candidates[i], other);
		if (found < best_distance || (found == best_distance && !best)) {
			best_distance = found;
			best = candidates[i];
		}
	}
	return best;
}
