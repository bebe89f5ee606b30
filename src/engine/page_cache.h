/* Prepares the page cache before a build.
 *
 * A page of a file is charged to the cgroup that reads it first, and stays charged to it while it
 * is in memory. If the files of a build are already in memory, its peak is lower than if it reads
 * them itself. The policy "warm" reads the files here, outside of the measured cgroup; "cold" drops
 * the page cache of the machine. */
#ifndef BM_ENGINE_PAGE_CACHE_H
#define BM_ENGINE_PAGE_CACHE_H

#include "base/cache_policy.h"
#include "base/error.h"

#include <stdint.h>

/* The amounts that build-mem read for a warm run. */
struct page_cache {
    int64_t left_bytes; /* that may still be read */
    int64_t workspace_bytes, image_bytes;
    char *shortfall; /* the first reason for incomplete reading; NULL if complete; owned */
};
void page_cache_release(struct page_cache *cache);

/* Returns 0 if this process can drop the page cache, or -1 with the reason. */
int page_cache_can_drop(struct bm_error *err);

/* Applies the policy, for the repository only. Initialises `cache`.
 * CACHE_WARM reads the files of the repository that this user can read. It follows no links, stays
 * on one file system, skips .git and the directory `left_out`, and stops at half of the available
 * memory. Returns -1 if the page cache cannot be dropped, or after an interrupt. */
int page_cache_prepare(struct page_cache *cache, enum cache_policy policy, const char *repo,
                       const char *left_out, struct bm_error *err);

/* Runs a command that prints the files of an image, and discards its output. Stops if no
 * more bytes may be read. A failure is recorded as the shortfall. */
void page_cache_warm_image(struct page_cache *cache, char *const *argv);

#endif
