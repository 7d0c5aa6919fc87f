#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/transform_internal.h"
#include "io/process.h"
#include "io/write_all.h"

#define COMPILER_TIMEOUT_MS 120000
#define COMPILER_OUTPUT_MAX ((size_t)64 << 10)
#define PREPROCESSED_MAX ((size_t)64 << 20)
#define ARGS_MAX 32

/* ---- the compiler ---- */

struct compiler {
	char *path;
	char *env[3]; /* PATH and TMPDIR, nothing else: no secret reaches a child */
};

static void compiler_clear(struct compiler *c)
{
	free(c->path);
	free(c->env[0]);
	free(c->env[1]);
}

static char *env_pair(const char *name, const char *value, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, (size_t)1 << 16);
	tr_str_addf(&s, "%s=%s", name, value);
	char *text = tr_str_take(&s, err);
	tr_str_clear(&s);
	return text;
}

static bool compiler_init(struct compiler *c, const struct tr_transform_build *build, struct tr_err *err)
{
	*c = (struct compiler){ 0 };
	const char *path = getenv("PATH"), *tmp = getenv("TMPDIR");
	c->env[0] = env_pair("PATH", path ? path : "/usr/local/bin:/usr/bin:/bin", err);
	c->env[1] = env_pair("TMPDIR", tmp ? tmp : "/tmp", err);
	if (!c->env[0] || !c->env[1])
		return false;
	if (tr_process_find(build->compiler ? build->compiler : "cc", c->env[0] + 5, &c->path, err))
		return true;
	return tr_err_hint(err,
		"install a C compiler, or build the transforms where there is one "
		"(`tailrace build --out DIR`) and run with `--objects DIR`");
}

/* Its words in the error, the place from its first `file:line:column: error`. */
static bool compiler_failed(const struct tr_transform_spec *spec, const struct tr_buf *errors,
	struct tr_err *err)
{
	char text[sizeof err->detail];
	snprintf(text, sizeof text, "%.*s", (int)errors->len, (const char *)errors->data);
	tr_err_set(err, TR_ERR_USER, "the C transform of dataset `%s` does not compile", spec->dataset);
	tr_err_detail(err, "%s", text);
	tr_err_hint(err, "mend %s and run again; nothing was published", spec->source_path);
	for (char *line = text; line && *line;) {
		char *end = strchr(line, '\n');
		char file[256];
		int row, column, used = 0;
		if (sscanf(line, "%255[^:\n]:%d:%d: %n", file, &row, &column, &used) == 3 && used &&
			(strncmp(line + used, "error", 5) == 0 ||
				strncmp(line + used, "fatal error", 11) == 0))
			return tr_err_at_file(err, file, row, column, NULL);
		line = end ? end + 1 : NULL;
	}
	return tr_err_at_file(err, spec->source_path, 1, 1, NULL);
}

static bool run_compiler(const struct compiler *c, const struct tr_transform_spec *spec,
	const struct tr_transform_build *build, const char *const *extra, const char *input,
	struct tr_buf *out, char **warnings, struct tr_err *err)
{
	/* The source is named here, not in the glue: any path can be. A value that a field can't hold is
	 * warned of; what would crash the run is an error. */
	const char *argv[ARGS_MAX] = { c->path, "-std=gnu17", "-O2", "-fPIC", "-Wall", "-Wconversion",
		"-Wno-sign-conversion", "-Wno-unused-function", "-Werror=implicit-function-declaration",
		"-Werror=incompatible-pointer-types", "-Werror=int-conversion", "-Werror=return-type",
		"-Werror=format", "-fvisibility=hidden", "-fno-diagnostics-color", "-DTAILRACE_GLUE",
		"-iquote", build->project_dir, "-include", spec->source_path };
	int n = 0;
	while (argv[n])
		n++;
	for (int i = 0; extra[i]; i++)
		argv[n++] = extra[i];
	argv[n++] = "-xc";
	argv[n++] = input;
	argv[n] = NULL;
	const char *const env[] = { c->env[0], c->env[1], NULL };
	const struct tr_process process = { .argv = argv, .env = env, .timeout_ms = COMPILER_TIMEOUT_MS };
	struct tr_buf errors;
	int status = 0;
	tr_buf_init(&errors, COMPILER_OUTPUT_MAX);
	bool ok = tr_process_run(&process, out, &errors, &status, err);
	if (ok && status != 0)
		ok = compiler_failed(spec, &errors, err);
	else if (ok && errors.len && warnings)
		ok = (*warnings = tr_strndup((const char *)errors.data, errors.len, err)) != NULL;
	tr_buf_clear(&errors);
	return ok;
}

/* ---- the cache ---- */

static bool not_private(const char *path, const char *why, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "the cache folder %s is not private: %s", path, why);
	return tr_err_hint(err,
		"objects in it are loaded with tailrace's rights: it must be a folder of your own with "
		"mode 0700 (rm -r it, or set XDG_CACHE_HOME)");
}

static bool private_folder(const char *path, struct tr_err *err)
{
	struct stat st;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return tr_err_errno(err, errno, "the cache folder %s can't be made", path);
	if (lstat(path, &st) != 0)
		return tr_err_errno(err, errno, "the cache folder %s can't be read", path);
	if (!S_ISDIR(st.st_mode))
		return not_private(path, "it is not a folder", err);
	if (st.st_uid != geteuid())
		return not_private(path, "it belongs to another user", err);
	if (st.st_mode & 077)
		return not_private(path, "others may enter it", err);
	return true;
}

static char *cache_folder(const struct tr_transform_build *build, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, 4096);
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (build->cache_dir) {
		tr_str_add(&s, build->cache_dir);
	} else if (xdg && xdg[0] == '/') {
		mkdir(xdg, 0700);
		tr_str_addf(&s, "%s/tailrace", xdg);
	} else if (home && home[0] == '/') {
		tr_str_addf(&s, "%s/.cache", home);
		mkdir(s.ptr ? s.ptr : "", 0700);
		tr_str_add(&s, "/tailrace");
	} else {
		tr_err_set(err, TR_ERR_USER, "there is no folder for compiled transforms: HOME is not set");
		tr_err_hint(err, "set HOME or XDG_CACHE_HOME");
		return NULL;
	}
	char *path = tr_str_take(&s, err);
	tr_str_clear(&s);
	if (path && !private_folder(path, err)) {
		free(path);
		return NULL;
	}
	return path;
}

/* SHA-256 over all that makes the object: the preprocessed unit (source and every header),
 * the compiler, and our ABI. */
static bool object_hash(const struct compiler *c, const struct tr_buf *unit, char out[65], struct tr_err *err)
{
	struct stat st;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char about[512];
	if (stat(c->path, &st) != 0)
		return tr_err_errno(err, errno, "the compiler %s can't be read", c->path);
	int len = snprintf(about, sizeof about, "%s %lld %lld abi %d tailrace %s flags 2\n", c->path,
		(long long)st.st_size, (long long)st.st_mtime, TAILRACE_TRANSFORM_ABI, TR_VERSION);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md && len > 0 && (size_t)len < sizeof about && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
		EVP_DigestUpdate(md, about, (size_t)len) && EVP_DigestUpdate(md, unit->data, unit->len) &&
		EVP_DigestFinal_ex(md, digest, &n);
	EVP_MD_CTX_free(md);
	if (!ok)
		return tr_err_set(err, TR_ERR_INTERNAL, "the transform could not be hashed");
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return true;
}

static bool write_file(const char *path, const char *text, struct tr_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return tr_err_errno(err, errno, "%s can't be written", path);
	int failure = tr_write_all(fd, text, strlen(text)) ? 0 : errno;
	close(fd);
	return failure ? tr_err_errno(err, failure, "%s can't be written", path) : true;
}

/* ---- compiling ---- */

static bool headers_there(const struct tr_transform_spec *spec, const struct tr_transform_build *build,
	struct tr_err *err)
{
	char path[4096];
	if (access(spec->source_path, R_OK) != 0) {
		tr_err_set(err, TR_ERR_USER, "the C transform %s can't be read", spec->source_path);
		return tr_err_detail(err, "%s", strerror(errno));
	}
	snprintf(path, sizeof path, "%s/gen/%s.h", build->project_dir, spec->dataset);
	if (access(path, R_OK) == 0)
		return true;
	tr_err_set(err, TR_ERR_USER, "the generated header gen/%s.h is missing", spec->dataset);
	return tr_err_hint(err, "run `tailrace gen`");
}

static bool check_unset(const struct tr_transform_spec *spec, const struct tr_buf *unit, struct tr_err *err)
{
	const char *field = tr_transform_unset(spec, (const char *)unit->data);
	if (!field)
		return true;
	tr_err_set(err, TR_ERR_USER, "the C transform of dataset `%s` never sets the required field `%s`",
		spec->dataset, field);
	tr_err_hint(err, "assign out->%s in %s, or drop not_null from the contract", field,
		spec->source_path);
	return tr_err_at_file(err, spec->source_path, 1, 1, NULL);
}

struct work_files {
	char glue[4096], temporary[4096];
};

static bool compile_into(const struct compiler *c, const struct tr_transform_spec *spec,
	const struct tr_transform_build *build, const char *cache, struct work_files *files, char **object,
	char **warnings, struct tr_err *err)
{
	struct tr_buf unit, ignored;
	char hash[65] = "";
	tr_buf_init(&unit, PREPROCESSED_MAX);
	tr_buf_init(&ignored, COMPILER_OUTPUT_MAX);
	const char *const preprocess[] = { "-E", "-P",
		NULL }; /* no line markers: the glue's path is not part of it */
	const char *const compile[] = { "-shared", "-o", files->temporary, NULL };
	bool ok = run_compiler(c, spec, build, preprocess, files->glue, &unit, NULL, err) &&
		tr_buf_append(&unit, "", 1, err) && object_hash(c, &unit, hash, err);
	struct tr_str path;
	tr_str_init(&path, 4096);
	tr_str_addf(&path, "%s/%s.so", cache, hash);
	char *final = ok ? tr_str_take(&path, err) : NULL;
	ok = final != NULL;
	if (ok && (build->force || access(final, R_OK) != 0)) {
		/* What does not compile says so first; what is in the cache has passed both. */
		ok = run_compiler(c, spec, build, compile, files->glue, &ignored, warnings, err) &&
			check_unset(spec, &unit, err);
		if (ok && (chmod(files->temporary, 0600) != 0 || rename(files->temporary, final) != 0))
			ok = tr_err_errno(err, errno, "%s can't be written", final);
	}
	if (ok)
		*object = final;
	else
		free(final);
	tr_str_clear(&path);
	tr_buf_clear(&unit);
	tr_buf_clear(&ignored);
	return ok;
}

bool tr_transform_compile(const struct tr_transform_spec *spec, const struct tr_transform_build *build,
	char **object, char **warnings, struct tr_err *err)
{
	struct compiler compiler = { 0 };
	struct work_files files = { .glue = "" };
	char *cache = NULL, *glue = NULL;
	bool ok = headers_there(spec, build, err) && compiler_init(&compiler, build, err) &&
		(cache = cache_folder(build, err)) && (glue = tr_transform_glue(spec->dataset, err));
	if (ok) {
		/* Named by the process: two builds side by side don't meet. */
		snprintf(files.glue, sizeof files.glue, "%s/glue-%s-%ld.c", cache, spec->dataset,
			(long)getpid());
		snprintf(files.temporary, sizeof files.temporary, "%s/new-%s-%ld.so", cache, spec->dataset,
			(long)getpid());
		ok = write_file(files.glue, glue, err) &&
			compile_into(&compiler, spec, build, cache, &files, object, warnings, err);
		unlink(files.glue);
		unlink(files.temporary);
	}
	compiler_clear(&compiler);
	free(cache);
	free(glue);
	return ok;
}
