/* The prompt's history: one file of the user's, readable by nobody else. */
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES 1000
#define PATH_MAX_BYTES 4096

static bool make_folder(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
		*slash = '/';
		if (!ok)
			return false;
	}
	return true;
}

char *tr_prompt_history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct tr_err err = { 0 };
	struct tr_str path;
	tr_str_init(&path, PATH_MAX_BYTES);
	if (state && state[0] == '/')
		tr_str_addf(&path, "%s/tailrace/history", state);
	else if (home && home[0] == '/')
		tr_str_addf(&path, "%s/.local/state/tailrace/history", home);
	char *text = path.len ? tr_str_take(&path, &err) : NULL;
	tr_str_clear(&path);
	if (text && make_folder(text))
		return text;
	free(text);
	return NULL;
}

void tr_prompt_history_load(struct tr_prompt *p)
{
	HistEvent event;
	history(p->history, &event, H_SETSIZE, ENTRIES);
	history(p->history, &event, H_SETUNIQUE, 1);
	p->history_path = tr_prompt_history_path();
	if (p->history_path)
		history(p->history, &event, H_LOAD, p->history_path);
}

/* One line an entry, so that it can be edited; a statement with comments to the end of a
 * line keeps its lines. */
void tr_prompt_history_add(struct tr_prompt *p, const char *statement)
{
	struct tr_str text;
	HistEvent event;
	bool is_command = statement[0] == '\\';
	tr_str_init(&text, (size_t)1 << 20);
	tr_str_addn(&text, statement, strcspn(statement, is_command ? "\r\n" : ""));
	if (!is_command)
		tr_str_addc(&text, ';');
	if (text.ptr && !text.failed) {
		for (char *c = text.ptr; *c && !strstr(text.ptr, "--"); c++)
			if (*c == '\n')
				*c = ' ';
		history(p->history, &event, H_ENTER, text.ptr);
	}
	tr_str_clear(&text);
}

/* Written beside and renamed. History is a convenience: what fails here is no error. */
void tr_prompt_history_save(struct tr_prompt *p)
{
	char temp[PATH_MAX_BYTES + 32];
	HistEvent event;
	if (!p->history_path)
		return;
	snprintf(temp, sizeof temp, "%s.%ld", p->history_path, (long)getpid());
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!f) {
		if (fd >= 0)
			close(fd);
		return;
	}
	bool ok = history(p->history, &event, H_SAVE_FP, f) >= 0;
	ok = fclose(f) == 0 && ok;
	if (!ok || rename(temp, p->history_path) != 0)
		unlink(temp);
}
