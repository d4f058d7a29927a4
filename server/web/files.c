/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/web/files.h"

#include "common/base/limits.h"

#include <errno.h>
#include <fts.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <zlib.h>

enum { ETAG_BYTES = 16, GZIP_WINDOW = 15 + 16 /* zlib: 16 more makes a gzip header */ };

struct file {
	char *path;             /* "/index.html" */
	const char *type;
	char etag[2 * ETAG_BYTES + 3]; /* quoted */
	uint8_t *data, *gzip;   /* gzip: NULL where that would not be smaller */
	size_t size, gzip_size;
};

struct web {
	struct file *files;     /* by path */
	size_t count, total_bytes;
};

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
	{".json", "application/json"},         {".svg", "image/svg+xml"},                 {".png", "image/png"},
	{".ico", "image/x-icon"},              {".woff2", "font/woff2"},                  {".txt", "text/plain; charset=utf-8"},
	{".wasm", "application/wasm"},         {".webmanifest", "application/manifest+json"},
};

static const char *type_of(const char *path)
{
	const char *suffix = strrchr(path, '.');
	for (size_t i = 0; suffix && i < sizeof types / sizeof types[0]; i++) {
		if (strcasecmp(suffix, types[i].suffix) == 0) {
			return types[i].type;
		}
	}
	return "application/octet-stream";
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

static bool read_data(struct file *file, const char *name, size_t size)
{
	FILE *stream = fopen(name, "rb");
	file->data = malloc(size + 1);
	bool ok = stream && file->data;
	if (ok) {
		file->size = fread(file->data, 1, size + 1, stream);
		ok = file->size == size && !ferror(stream); /* a file that grows meanwhile is not whole */
	}
	if (stream) {
		fclose(stream);
	}
	return ok;
}

static void make_gzip(struct file *file)
{
	z_stream stream = {0};
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		return;
	}
	file->gzip = malloc(file->size);
	stream.next_in = file->data;
	stream.avail_in = (uInt)file->size;
	stream.next_out = file->gzip;
	stream.avail_out = (uInt)file->size;
	if (!file->gzip || deflate(&stream, Z_FINISH) != Z_STREAM_END) {
		free(file->gzip);
		file->gzip = NULL;
	}
	file->gzip_size = stream.total_out;
	deflateEnd(&stream);
}

static void make_etag(struct file *file)
{
	uint8_t hash[ETAG_BYTES];
	char text[2 * ETAG_BYTES + 1];
	crypto_generichash(hash, sizeof hash, file->data, file->size, NULL, 0);
	sodium_bin2hex(text, sizeof text, hash, sizeof hash);
	snprintf(file->etag, sizeof file->etag, "\"%s\"", text);
}

static bool add_file(struct web *web, const FTSENT *entry, size_t root_size, struct status *st)
{
	size_t size = (size_t)entry->fts_statp->st_size;
	struct file *files = realloc(web->files, (web->count + 1) * sizeof *files);
	if (!files) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	}
	web->files = files;
	web->total_bytes += size;
	if (web->total_bytes > LIMIT_WEB_BYTES) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "WEB_DIRECTORY", "web.directory: its files are larger than %u bytes in all", LIMIT_WEB_BYTES);
	}
	struct file *file = &files[web->count++];
	*file = (struct file){.path = strdup(entry->fts_path + root_size), .type = type_of(entry->fts_path)};
	if (!file->path || !read_data(file, entry->fts_accpath, size)) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "WEB_DIRECTORY", "web.directory: %s cannot be read: %s", entry->fts_path, strerror(errno));
	}
	make_etag(file);
	make_gzip(file);
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static bool read_all(struct web *web, char *directory, struct status *st)
{
	char *roots[] = {directory, NULL};
	size_t size = strlen(directory);
	while (size > 1 && directory[size - 1] == '/') {
		directory[--size] = '\0';
	}
	FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	if (!walk) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "WEB_DIRECTORY", "web.directory: %s: %s", directory, strerror(errno));
	}
	FTSENT *entry;
	while (status_ok(st) && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
			fts_set(walk, entry, FTS_SKIP);
		} else if (entry->fts_info == FTS_F) {
			add_file(web, entry, size, st);
		} else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_SLNONE) {
			status_fail(st, STATUS_FAILED_PRECONDITION, "WEB_DIRECTORY", "web.directory: %s: %s", entry->fts_path, strerror(entry->fts_errno));
		}
	}
	fts_close(walk);
	if (web->count > 0) {
		qsort(web->files, web->count, sizeof *web->files, compare);
	}
	return status_ok(st);
}

struct web *web_open(const char *directory, struct status *st)
{
	struct web *web = calloc(1, sizeof *web);
	char *copy = strdup(directory);
	bool ok = web && copy ? read_all(web, copy, st) : status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	free(copy);
	if (!ok) {
		web_free(web);
		return NULL;
	}
	return web;
}

void web_free(struct web *web)
{
	for (size_t i = 0; web && i < web->count; i++) {
		free(web->files[i].path);
		free(web->files[i].data);
		free(web->files[i].gzip);
	}
	free(web ? web->files : NULL);
	free(web);
}

/* ---- answering ------------------------------------------------------------------------------------------------------------------------ */

/* What browsers are told with every answer. Two years without plain HTTP, RFC 6797. */
#define SAFETY                                                                 \
	"x-content-type-options", "nosniff",                                       \
	"strict-transport-security", "max-age=63072000",                           \
	"content-security-policy", "default-src 'self'; frame-ancestors 'none'",   \
	"referrer-policy", "no-referrer"

static void respond_text(struct rpc_call *call, int http_status, const char *text)
{
	const char *const headers[] = {"content-type", "text/plain; charset=utf-8", SAFETY, http_status == 405 ? "allow" : NULL, "GET, HEAD", NULL};
	rpc_call_respond(call, http_status, headers, bytes_of(text));
}

static const struct file *find(const struct web *web, const char *path)
{
	char name[1024];
	size_t size = strcspn(path, "?#");
	bool folder = size > 0 && path[size - 1] == '/';
	struct file key = {.path = name};
	if (!web || web->count == 0 || snprintf(name, sizeof name, "%.*s%s", (int)size, path, folder ? "index.html" : "") >= (int)sizeof name) {
		return NULL;
	}
	return bsearch(&key, web->files, web->count, sizeof key, compare);
}

/* Weak comparison over a list, RFC 9110 §13.1.2. */
static bool known_to_client(struct rpc_call *call, const struct file *file)
{
	const char *list = rpc_call_metadata(call, "if-none-match");
	return list && (strcmp(list, "*") == 0 || strstr(list, file->etag));
}

void web_answer(const struct web *web, struct rpc_call *call, const char *method, const char *path)
{
	const struct file *file = find(web, path);
	if (!file) {
		respond_text(call, 404, "There is nothing here.\n");
		return;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		respond_text(call, 405, "A file is only read.\n");
		return;
	}
	bool zipped = file->gzip && rpc_call_takes_gzip(call);
	const char *const headers[] = {
		"content-type", file->type,
		"etag", file->etag,
		"cache-control", "no-cache", /* asked again each time; 304 answers */
		"vary", "accept-encoding",
		SAFETY,
		zipped ? "content-encoding" : NULL, "gzip",
		NULL,
	};
	if (known_to_client(call, file)) {
		rpc_call_respond(call, 304, headers, (struct bytes){NULL, 0});
	} else {
		rpc_call_respond(call, 200, headers, zipped ? (struct bytes){file->gzip, file->gzip_size} : (struct bytes){file->data, file->size});
	}
}
