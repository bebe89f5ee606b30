/* The machine's page cache before a build.
 *
 * A page of a file is charged to the cgroup that reads it first, and to no other while it stays in
 * memory: a build that finds its files read has a lower peak than one that reads them itself. So
 * "warm" reads them here, outside of the measured cgroup, and "cold" drops all that can be. */
#ifndef BM_ENGINE_PAGE_CACHE_H
#define BM_ENGINE_PAGE_CACHE_H

#include "base/cache_policy.h"
#include "base/error.h"

#include <stdint.h>

/* What was read for a warm run. */
struct page_cache {
    int64_t budget_bytes; /* what may still be read */
    int64_t workspace_bytes, image_bytes;
    char *shortfall; /* why not all was read; NULL: all was; owned */
};
void page_cache_release(struct page_cache *cache);

/* Whether this process may empty the page cache: 0, or -1 with the reason. */
int page_cache_can_drop(struct bm_error *err);

/* Makes the page cache what the policy says, as far as the repo goes. Warm reads the repo's files:
 * those that this user may read, on the repo's own file system, following no link, without .git
 * and the directory `left_out`; and stops at half of the memory that is available. -1 where the
 * page cache cannot be emptied, or an interrupt came. `cache` is initialised here. */
int page_cache_prepare(struct page_cache *cache, enum cache_policy policy, const char *repo,
                       const char *left_out, struct bm_error *err);

/* Runs a command that reads an image's files and prints what it reads, which is dropped; within
 * the rest of the budget. A failure is a shortfall. */
void page_cache_warm_image(struct page_cache *cache, char *const *argv);

#endif
