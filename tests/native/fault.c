/*
 * Preloaded into tailrace by the tests (LD_PRELOAD): counts the calls that change files
 * below TR_FAULT_PATH, and at the TR_FAULT_AT-th one kills the process, before the call
 * (TR_FAULT=kill), or fails it as a full disk would (TR_FAULT=enospc: this call and every
 * later one that needs room). The count goes to the file TR_FAULT_COUNT at the end.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

/* Is the descriptor's file (or the path relative to a folder's descriptor) below TR_FAULT_PATH? */
static bool is_below(int fd, const char *path)
{
	const char *root = getenv("TR_FAULT_PATH");
	char link[64], target[PATH_MAX];
	if (!root)
		return false;
	if (path && path[0] == '/')
		return strncmp(path, root, strlen(root)) == 0;
	if (fd == AT_FDCWD)
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	return strncmp(target, root, strlen(root)) == 0;
}

/* One call more. True: it must fail for want of room. */
static bool is_hit(bool needs_room)
{
	const char *fault = getenv("TR_FAULT"), *at = getenv("TR_FAULT_AT");
	long n = atomic_fetch_add(&calls, 1) + 1;
	if (!fault || !at || n < strtol(at, NULL, 10))
		return false;
	if (strcmp(fault, "kill") == 0)
		kill(getpid(), SIGKILL);
	errno = ENOSPC;
	return needs_room && strcmp(fault, "enospc") == 0;
}

__attribute__((destructor)) static void write_count(void)
{
	const char *path = getenv("TR_FAULT_COUNT");
	FILE *f = path ? fopen(path, "w") : NULL;
	if (!f)
		return;
	fprintf(f, "%ld\n", atomic_load(&calls));
	fclose(f);
}

#define NEXT(name)                                      \
	static __typeof__(name) *next;                  \
	if (!next) {                                    \
		void *symbol = dlsym(RTLD_NEXT, #name); \
		memcpy(&next, &symbol, sizeof next);    \
	}

ssize_t write(int fd, const void *buf, size_t n)
{
	NEXT(write)
	return is_below(fd, NULL) && is_hit(true) ? -1 : next(fd, buf, n);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	NEXT(pwrite)
	return is_below(fd, NULL) && is_hit(true) ? -1 : next(fd, buf, n, offset);
}

int fsync(int fd)
{
	NEXT(fsync)
	return is_below(fd, NULL) && is_hit(true) ? -1 : next(fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	NEXT(renameat)
	return is_below(to_fd, to) && is_hit(true) ? -1 : next(from_fd, from, to_fd, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	NEXT(linkat)
	return is_below(to_fd, to) && is_hit(true) ? -1 : next(from_fd, from, to_fd, to, flags);
}

int symlinkat(const char *target, int fd, const char *path)
{
	NEXT(symlinkat)
	return is_below(fd, path) && is_hit(true) ? -1 : next(target, fd, path);
}

int unlinkat(int fd, const char *path, int flags)
{
	NEXT(unlinkat)
	return is_below(fd, path) && is_hit(false) ? -1 : next(fd, path, flags);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	NEXT(mkdirat)
	return is_below(fd, path) && is_hit(true) ? -1 : next(fd, path, mode);
}

static bool has_mode(int flags)
{
	return flags & (O_CREAT | O_TMPFILE);
}

int openat(int fd, const char *path, int flags, ...)
{
	NEXT(openat)
	va_list args;
	va_start(args, flags);
	mode_t mode = has_mode(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return has_mode(flags) && is_below(fd, path) && is_hit(true) ? -1 : next(fd, path, flags, mode);
}

/* With _FILE_OFFSET_BITS=64 callers may be bound to these names. */
int openat64(int fd, const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = has_mode(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return openat(fd, path, flags, mode);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off_t offset)
{
	return pwrite(fd, buf, n, offset);
}
