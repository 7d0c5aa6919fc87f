#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* Read what is there; what passes the buffer's maximum is dropped. False: end of file. */
static bool drain(int fd, struct tr_buf *out)
{
	char chunk[8192];
	struct tr_err ignored = { 0 };
	ssize_t n = read(fd, chunk, sizeof chunk);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	size_t room = out->max - out->len;
	if (!tr_buf_append(out, chunk, (size_t)n < room ? (size_t)n : room, &ignored))
		out->max = out->len; /* no memory: what follows is dropped */
	return true;
}

/* Read both pipes until both are closed. False: the deadline passed. */
static bool collect(int fds[2], struct tr_buf *bufs[2], int64_t deadline_us)
{
	bool open[2] = { true, true };
	while (open[0] || open[1]) {
		struct pollfd p[2] = { { open[0] ? fds[0] : -1, POLLIN, 0 },
			{ open[1] ? fds[1] : -1, POLLIN, 0 } };
		int64_t left = (deadline_us - tr_clock_monotonic_us()) / 1000;
		if (left <= 0)
			return false;
		if (poll(p, 2, left > 1000 ? 1000 : (int)left) < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				open[i] = drain(fds[i], bufs[i]);
	}
	return true;
}

/* A program may close its output and go on. False: the deadline passed. */
static bool ended(pid_t pid, int64_t deadline_us, int *status)
{
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);
		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		if (tr_clock_monotonic_us() >= deadline_us)
			return false;
		poll(NULL, 0, 1);
	}
}

static int spawn(const struct tr_process *p, int out, int errors, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, ignored;
	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE); /* we may ignore it, the program must not */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, errors, 2);
	if (p->folder)
		posix_spawn_file_actions_addchdir_np(&actions, p->folder);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &ignored);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	int code = posix_spawn(pid, p->argv[0], &actions, &attributes, (char *const *)(uintptr_t)p->argv,
		(char *const *)(uintptr_t)p->env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

bool tr_process_run(const struct tr_process *p, struct tr_buf *out, struct tr_buf *errors, int *status,
	struct tr_err *err)
{
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
	struct tr_buf *bufs[2] = { out, errors };
	pid_t pid = -1;
	bool ok = false;
	if (pipe2(pipes[0], O_CLOEXEC) != 0 || pipe2(pipes[1], O_CLOEXEC) != 0) {
		tr_err_errno(err, errno, "a pipe could not be opened");
		goto out;
	}
	int code = spawn(p, pipes[0][1], pipes[1][1], &pid);
	if (code != 0) {
		tr_err_errno(err, code, "%s could not be started", p->argv[0]);
		goto out;
	}
	for (int i = 0; i < 2; i++) {
		close(pipes[i][1]);
		pipes[i][1] = -1;
	}
	int fds[2] = { pipes[0][0], pipes[1][0] };
	int raw = 0;
	int64_t deadline_us = tr_clock_monotonic_us() + p->timeout_ms * 1000;
	ok = collect(fds, bufs, deadline_us) && ended(pid, deadline_us, &raw);
	if (!ok) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, &raw, 0) < 0 && errno == EINTR)
			;
		tr_err_set(err, TR_ERR_TRANSIENT, "%s did not end within %lld s and was stopped", p->argv[0],
			(long long)(p->timeout_ms / 1000));
	}
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
out:
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			if (pipes[i][k] >= 0)
				close(pipes[i][k]);
	return ok;
}

static bool is_named(const char *entry, const char *const *names)
{
	for (; *names; names++) {
		size_t n = strlen(*names);
		if (strncmp(entry, *names, n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

const char **tr_process_environment(const char *const *env, const char *const *without, struct tr_err *err)
{
	size_t n = 0, kept = 0;
	while (env[n])
		n++;
	const char **out = tr_calloc(n + 1, sizeof *out, err);
	for (size_t i = 0; out && i < n; i++)
		if (!is_named(env[i], without))
			out[kept++] = env[i];
	return out;
}

/* One word from *p to *to; both move. False: a quote is not closed. */
static bool split_word(const char **p, char **to)
{
	char quote = '\0';
	for (; **p && (quote || !strchr(" \t\r\n", **p)); ++*p) {
		char c = **p;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			continue;
		}
		/* Between double quotes a backslash is one, but before a quote and itself. */
		if (c == '\\' && quote != '\'' && (*p)[1] && (!quote || strchr("\"\\", (*p)[1])))
			c = *++*p;
		*(*to)++ = c;
	}
	*(*to)++ = '\0';
	return !quote;
}

bool tr_process_split(const char *command, char ***words, struct tr_err *err)
{
	size_t len = strlen(command), most = len / 2 + 2, n = 0;
	char **out = tr_malloc(most * sizeof *out + len + 1, err);
	if (!out)
		return false;
	char *to = (char *)(out + most);
	bool ok = true;
	for (const char *p = command + strspn(command, " \t\r\n"); ok && *p; p += strspn(p, " \t\r\n")) {
		out[n++] = to;
		ok = split_word(&p, &to);
	}
	out[n] = NULL;
	*words = out;
	if (ok && n > 0)
		return true;
	free(out);
	*words = NULL;
	tr_err_set(err, TR_ERR_USER, "a command %s", ok ? "is empty" : "has a quote that is not closed");
	return tr_err_hint(err, "write a program and its arguments; quote what has spaces");
}

bool tr_process_find(const char *name, const char *path_list, char **out, struct tr_err *err)
{
	char candidate[4096];
	if (strchr(name, '/'))
		return (*out = tr_strdup(name, err)) != NULL;
	for (const char *p = path_list; *p;) {
		size_t n = strcspn(p, ":");
		if (n > 0 &&
			(size_t)snprintf(candidate, sizeof candidate, "%.*s/%s", (int)n, p, name) <
				sizeof candidate &&
			access(candidate, X_OK) == 0)
			return (*out = tr_strdup(candidate, err)) != NULL;
		p += n + (p[n] == ':');
	}
	return tr_err_set(err, TR_ERR_USER, "`%s` was not found on PATH", name);
}
