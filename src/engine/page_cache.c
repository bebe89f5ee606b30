#include "engine/page_cache.h"

#include "base/alloc.h"
#include "base/child.h"
#include "base/interrupt.h"
#include "base/trace.h"
#include "base/units.h"
#include "cgroup/cgroup.h"
#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DROP_CACHES "/proc/sys/vm/drop_caches"
#define CHUNK_BYTES ((size_t)1 << 20)
/* The longest wait for more output of a command. */
#define STALLED_MS 60000

void page_cache_release(struct page_cache *cache)
{
    free(cache->shortfall);
    *cache = (struct page_cache){0};
}

/* Takes ownership of `reason`; keeps the first one. */
static void set_shortfall(struct page_cache *cache, char *reason)
{
    if (cache->shortfall)
        free(reason);
    else
        cache->shortfall = reason;
}

/* ---- cold ---- */

static int open_drop_caches(struct bm_error *err)
{
    int fd = open(DROP_CACHES, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return bm_error_errno(err, "cannot drop the page cache (requires root): " DROP_CACHES);
    return fd;
}

int page_cache_can_drop(struct bm_error *err)
{
    int fd CLEANUP(cleanup_fd) = open_drop_caches(err);
    return fd < 0 ? -1 : 0;
}

static int drop(struct bm_error *err)
{
    int fd CLEANUP(cleanup_fd) = open_drop_caches(err);
    if (fd < 0)
        return -1;
    trace("page cache: writing 3 to " DROP_CACHES);
    sync(); /* dirty pages cannot be dropped */
    return write(fd, "3", 1) < 0 ? bm_error_errno(err, DROP_CACHES) : 0;
}

/* ---- warm ---- */

/* Half of the available memory: more would evict the pages that were read first, or those of other
 * processes. The pages are charged to the runner's cgroup, so its limit counts, too. */
static int64_t most_bytes_to_warm(void)
{
    char text[8192] = "";
    struct cgroup own;
    (void)read_text("/proc/meminfo", text, sizeof text);
    int64_t available = parse_kib_line(text, "MemAvailable");
    int64_t limit = cgroup_of_self("", &own) == 0 ? cgroup_limit(&own) : -1;
    if (limit >= 0 && limit < available)
        available = limit;
    return available > 0 ? available / 2 : 0;
}

/* Reads one chunk, at most left_bytes. Returns false at the end of the file, on an error, and if
 * nothing more may be read. */
static bool read_chunk(struct page_cache *cache, int fd, int64_t *read_bytes)
{
    static char chunk[CHUNK_BYTES];
    size_t most =
        cache->left_bytes < (int64_t)sizeof chunk ? (size_t)cache->left_bytes : sizeof chunk;
    ssize_t got = read(fd, chunk, most);
    if (got <= 0)
        return got < 0 && errno == EINTR;
    cache->left_bytes -= got;
    *read_bytes += got;
    if (cache->left_bytes == 0)
        set_shortfall(cache, xstrdup("stopped at half of the available memory"));
    return cache->left_bytes > 0;
}

/* The build may run as another user, who can read the file. */
static void note_unreadable(struct page_cache *cache, const char *path, int reason)
{
    set_shortfall(cache, xasprintf("%s: %s", path, strerror(reason)));
}

static void read_one(struct page_cache *cache, const char *path)
{
    struct stat status;
    /* The file may be a pipe by now: O_NONBLOCK avoids a wait. */
    int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        note_unreadable(cache, path, errno);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    while (!interrupt_signal() && read_chunk(cache, fd, &cache->workspace_bytes))
        ;
}

static bool is_skipped(const FTSENT *entry, const struct stat *left_out)
{
    return strcmp(entry->fts_name, ".git") == 0 || (entry->fts_statp->st_dev == left_out->st_dev &&
                                                    entry->fts_statp->st_ino == left_out->st_ino);
}

static int warm_workspace(struct page_cache *cache, const char *repo, const char *left_out,
                          struct bm_error *err)
{
    struct stat out = {0};
    char *root CLEANUP(cleanup_free) = xstrdup(repo);
    FTS *walk = fts_open((char *const[]){root, NULL}, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    if (!walk)
        return bm_error_errno(err, "%s", repo);
    (void)stat(left_out, &out);
    for (FTSENT *entry; cache->left_bytes > 0 && !interrupt_signal() && (entry = fts_read(walk));)
        if (entry->fts_info == FTS_D && is_skipped(entry, &out))
            fts_set(walk, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F)
            read_one(cache, entry->fts_path);
        else if (entry->fts_info == FTS_DNR)
            note_unreadable(cache, entry->fts_path, entry->fts_errno);
    fts_close(walk);
    return interrupt_signal() ? bm_error_set(err, "interrupted") : 0;
}

static void trace_read(int64_t bytes, const char *what)
{
    char *text CLEANUP(cleanup_free) = format_bytes(bytes);
    trace("page cache: %s %s", text, what);
}

int page_cache_prepare(struct page_cache *cache, enum cache_policy policy, const char *repo,
                       const char *left_out, struct bm_error *err)
{
    *cache = (struct page_cache){0};
    if (policy == CACHE_COLD)
        return drop(err);
    if (policy == CACHE_AS_IS) {
        trace("page cache: left as it is");
        return 0;
    }
    cache->left_bytes = most_bytes_to_warm();
    trace_read(cache->left_bytes, "to read at most");
    int result = warm_workspace(cache, repo, left_out, err);
    trace_read(cache->workspace_bytes, "of the workspace read");
    if (cache->shortfall)
        trace("page cache: incomplete: %s", cache->shortfall);
    return result;
}

/* Returns false if the output did not end: after an interrupt, or after STALLED_MS without data. */
static bool drain(struct page_cache *cache, const struct child *child)
{
    struct pollfd fds[] = {{.fd = child->output, .events = POLLIN},
                           {.fd = interrupt_fd(), .events = POLLIN}};
    for (;;) {
        int ready = poll(fds, 2, STALLED_MS);
        if (ready == 0 || fds[1].revents)
            return false;
        if (ready > 0 && !read_chunk(cache, child->output, &cache->image_bytes))
            return cache->left_bytes > 0;
    }
}

void page_cache_warm_image(struct page_cache *cache, char *const *argv)
{
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct child child CLEANUP(child_release) = CHILD_NONE;
    if (cache->left_bytes == 0)
        return;
    if (child_start(&child, argv, NULL, NULL, &err) < 0) {
        set_shortfall(cache, xasprintf("cannot read the image: %s", err.message));
        return;
    }
    bool ended = drain(cache, &child);
    trace_read(cache->image_bytes, "of the image read");
    if (!ended || child_wait(&child, STALLED_MS) != 0)
        set_shortfall(cache,
                      xasprintf("%s %s did not print all files of the image", argv[0], argv[1]));
}
