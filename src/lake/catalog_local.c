#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lake/lake_key.h"
#include "lake/lake_lease.h"

#define LINK_NAME "current"

/* The folder `<root>/<dataset>`, -1 where there is none. */
static bool open_dataset(const struct tr_lake *lake, const char *dataset, int *fd, struct tr_err *err)
{
	char path[4096 + TR_KEY_MAX];
	*fd = -1;
	if (!lake->store->local_root)
		return true; /* in S3 the manifests are all there is */
	snprintf(path, sizeof path, "%s/%s", lake->store->local_root, dataset);
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *fd >= 0 || errno == ENOENT || tr_err_errno(err, errno, "cannot open `%s`", path);
}

/* The one run whose folder holds all files of the version; false for none or several. */
static bool single_run(const struct tr_manifest *m, char run_id[TR_RUN_ID_TEXT])
{
	size_t start = strlen(m->dataset) + 1;
	for (size_t i = 0; i < m->n_files; i++) {
		const char *run = m->files[i].path + start;
		size_t n = strcspn(run, "/");
		if (i == 0 && n < TR_RUN_ID_TEXT) {
			memcpy(run_id, run, n);
			run_id[n] = '\0';
		} else if (i == 0 || strncmp(run, run_id, n) != 0 || run_id[n] != '\0') {
			return false;
		}
	}
	return m->n_files > 0;
}

/* Where the link points, empty where there is none. Something else of its name is the user's. */
static bool read_link(const struct tr_lake *lake, const char *dataset, int fd, char target[TR_KEY_MAX],
	struct tr_err *err)
{
	ssize_t n = readlinkat(fd, LINK_NAME, target, TR_KEY_MAX - 1);
	target[n > 0 ? n : 0] = '\0';
	if (n >= 0 || errno == ENOENT)
		return true;
	tr_err_errno(err, errno, "`%s/%s/" LINK_NAME "` is not a link", lake->store->location, dataset);
	return tr_err_hint(err, "tailrace keeps a link to the newest version there: move what is there away");
}

static bool point_link(int fd, const char *target)
{
	char temp[64], chance[TR_RUN_ID_TEXT];
	tr_run_id_new(chance);
	snprintf(temp, sizeof temp, ".tmp-%s", chance);
	if (symlinkat(target, fd, temp) != 0)
		return false;
	if (renameat(fd, temp, fd, LINK_NAME) == 0)
		return true;
	int saved = errno;
	unlinkat(fd, temp, 0);
	errno = saved;
	return false;
}

static bool local_publish(void *self, const struct tr_lake *lake, const struct tr_manifest *newest,
	struct tr_err *err)
{
	(void)self;
	int fd;
	char run_id[TR_RUN_ID_TEXT] = "", target[TR_KEY_MAX];
	if (!open_dataset(lake, newest->dataset, &fd, err))
		return false;
	if (fd < 0)
		return true; /* no files were ever written: nothing to point at */
	bool wanted = single_run(newest, run_id);
	bool ok = read_link(lake, newest->dataset, fd, target, err);
	if (ok && strcmp(target, wanted ? run_id : "") != 0) {
		ok = wanted ? point_link(fd, run_id) : unlinkat(fd, LINK_NAME, 0) == 0 || errno == ENOENT;
		ok = ok && (fsync(fd) == 0 || errno == EINVAL);
		if (!ok)
			tr_err_errno(err, errno, "cannot change the link `%s/%s/" LINK_NAME "`",
				lake->store->location, newest->dataset);
	}
	close(fd);
	return ok;
}

static bool local_holds(void *self, const struct tr_lake *lake, const char *dataset, struct tr_run_ids *out,
	struct tr_err *err)
{
	(void)self;
	int fd;
	char target[TR_KEY_MAX] = "";
	if (!open_dataset(lake, dataset, &fd, err))
		return false;
	if (fd < 0)
		return true;
	ssize_t n = readlinkat(fd, LINK_NAME, target, sizeof target - 1);
	close(fd);
	target[n > 0 ? n : 0] = '\0';
	return !tr_run_id_is(target) || tr_run_ids_add(out, target, err);
}

static const struct tr_catalog_ops local_ops = { local_publish, local_holds };
const struct tr_catalog tr_catalog_local = { &local_ops, NULL };
