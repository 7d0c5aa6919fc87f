#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "io/crc64.h"

static uint64_t of_text(const struct tr_crc64 *crc, const char *text)
{
	return tr_crc64_update(crc, 0, text, strlen(text));
}

static void known_texts_have_their_published_sums(void **state)
{
	(void)state;
	struct tr_crc64 crc;
	uint8_t block[4096];
	tr_crc64_init(&crc);
	assert_true(of_text(&crc, "") == 0);
	assert_true(of_text(&crc, "123456789") == UINT64_C(0xae8b14860a799888));
	/* NVM Command Set Specification 1.0b, 5.2.1.3.4 */
	memset(block, 0, sizeof block);
	assert_true(tr_crc64_update(&crc, 0, block, sizeof block) == UINT64_C(0x6482d367eb22b64e));
	memset(block, 0xff, sizeof block);
	assert_true(tr_crc64_update(&crc, 0, block, sizeof block) == UINT64_C(0xc0ddba7302eca3ac));
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (uint8_t)i;
	assert_true(tr_crc64_update(&crc, 0, block, sizeof block) == UINT64_C(0x3e729f5f6750449c));
}

static void pieces_combine_to_the_sum_of_the_whole(void **state)
{
	(void)state;
	static uint8_t bytes[100000];
	struct tr_crc64 crc;
	tr_crc64_init(&crc);
	srand(7);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)rand();
	for (size_t round = 0; round < 300; round++) {
		size_t n = (size_t)rand() % sizeof bytes;
		size_t cut = n == 0 ? 0 : (round < 20 ? round : (size_t)rand()) % n;
		uint64_t whole = tr_crc64_update(&crc, 0, bytes, n);
		uint64_t first = tr_crc64_update(&crc, 0, bytes, cut);
		uint64_t second = tr_crc64_update(&crc, 0, bytes + cut, n - cut);
		assert_true(tr_crc64_update(&crc, first, bytes + cut, n - cut) == whole);
		assert_true(tr_crc64_combine(first, second, n - cut) == whole);
	}
	/* Lengths beyond what memory holds: zeros behind a byte, made by doubling. */
	uint64_t zeros = tr_crc64_update(&crc, 0, "", 1), sum = zeros, length = 1;
	for (int i = 0; i < 40; i++) {
		sum = tr_crc64_combine(sum, sum, length);
		length *= 2;
	}
	assert_true(tr_crc64_combine(0, sum, length) == sum);
	assert_true(tr_crc64_combine(tr_crc64_combine(zeros, sum, length), zeros, 1) ==
		tr_crc64_combine(tr_crc64_combine(zeros, zeros, 1), sum, length));
}

static void text_is_base64_with_the_highest_byte_first(void **state)
{
	(void)state;
	char text[TR_CRC64_TEXT];
	tr_crc64_text(UINT64_C(0xae8b14860a799888), text);
	assert_string_equal(text, "rosUhgp5mIg=");
	tr_crc64_text(0, text);
	assert_string_equal(text, "AAAAAAAAAAA=");
	tr_crc64_text(UINT64_MAX, text);
	assert_string_equal(text, "//////////8=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_their_published_sums),
		cmocka_unit_test(pieces_combine_to_the_sum_of_the_whole),
		cmocka_unit_test(text_is_base64_with_the_highest_byte_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
