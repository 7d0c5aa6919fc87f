/*
 * CRC-64/NVME (NVM Express NVM Command Set, "64b CRC"), the checksum that S3 keeps of whole
 * objects. Reflected, polynomial 0xad93d23594c93659, all ones in and out; the CRC of
 * "123456789" is 0xae8b14860a799888.
 */
#ifndef TR_IO_CRC64_H
#define TR_IO_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Tables, 16 KiB: built once by who keeps them, constant and shared by threads after that. */
struct tr_crc64 {
	uint64_t table[8][256];
};
void tr_crc64_init(struct tr_crc64 *crc);
/* The CRC of what has `sum` (0: nothing) followed by n bytes. */
uint64_t tr_crc64_update(const struct tr_crc64 *crc, uint64_t sum, const void *bytes, size_t n);
/* The CRC of two pieces, one behind the other; n is the second one's length. */
uint64_t tr_crc64_combine(uint64_t first, uint64_t second, uint64_t n);

/* As S3 writes it: base64 of the eight bytes, highest first. out has TR_CRC64_TEXT bytes. */
#define TR_CRC64_TEXT 13
void tr_crc64_text(uint64_t sum, char out[TR_CRC64_TEXT]);

#endif
