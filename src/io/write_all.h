/* write(2) until all is written. */
#ifndef TR_IO_WRITE_ALL_H
#define TR_IO_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* All n bytes, through short writes and signals. False: errno says why. */
bool tr_write_all(int fd, const void *bytes, size_t n);

#endif
