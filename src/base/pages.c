#include "base/pages.h"

#include <sys/mman.h>

void *tr_pages_new(size_t size, struct tr_err *err)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		return p;
	tr_err_memory(err, size);
	return NULL;
}

void *tr_pages_resize(void *pages, size_t old_size, size_t size, struct tr_err *err)
{
	void *p = mremap(pages, old_size, size, MREMAP_MAYMOVE);
	if (p != MAP_FAILED)
		return p;
	tr_err_memory(err, size);
	return NULL;
}

void tr_pages_free(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}
