#include "io/crc64.h"

#include <endian.h>
#include <string.h>

/* The polynomial with its bits reversed: bit 63 stands for x^0. */
#define POLYNOMIAL UINT64_C(0x9a6c9329ac4bc9b5)
#define ONE (UINT64_C(1) << 63)

void tr_crc64_init(struct tr_crc64 *crc)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t sum = i;
		for (int bit = 0; bit < 8; bit++)
			sum = (sum >> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
		crc->table[0][i] = sum;
	}
	for (unsigned k = 1; k < 8; k++)
		for (unsigned i = 0; i < 256; i++) {
			uint64_t sum = crc->table[k - 1][i];
			crc->table[k][i] = (sum >> 8) ^ crc->table[0][sum & 0xff];
		}
}

uint64_t tr_crc64_update(const struct tr_crc64 *crc, uint64_t sum, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	sum = ~sum;
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		word = le64toh(word) ^ sum;
		sum = crc->table[7][word & 0xff] ^ crc->table[6][word >> 8 & 0xff] ^
			crc->table[5][word >> 16 & 0xff] ^ crc->table[4][word >> 24 & 0xff] ^
			crc->table[3][word >> 32 & 0xff] ^ crc->table[2][word >> 40 & 0xff] ^
			crc->table[1][word >> 48 & 0xff] ^ crc->table[0][word >> 56];
	}
	for (; n > 0; n--, p++)
		sum = (sum >> 8) ^ crc->table[0][(sum ^ *p) & 0xff];
	return ~sum;
}

/* The product of two polynomials modulo the CRC's. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t product = 0;
	for (uint64_t bit = ONE; bit != 0; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = (b >> 1) ^ (b & 1 ? POLYNOMIAL : 0);
	}
	return product;
}

uint64_t tr_crc64_combine(uint64_t first, uint64_t second, uint64_t n)
{
	/* The first piece's remainder is moved up by 8 n bits: times x^(8 n), by squaring. The
	 * ones that go in and out cancel each other. */
	uint64_t power = ONE, square = ONE >> 8;
	for (; n > 0; n >>= 1) {
		if (n & 1)
			power = multiply(power, square);
		square = multiply(square, square);
	}
	return multiply(first, power) ^ second;
}

void tr_crc64_text(uint64_t sum, char out[TR_CRC64_TEXT])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	/* 64 bits are ten digits of six bits, and four bits that are filled up with two zeros. */
	for (int i = 0; i < 10; i++)
		out[i] = digits[sum >> (58 - 6 * i) & 63];
	out[10] = digits[(sum & 15) << 2];
	memcpy(out + 11, "=", 2);
}
