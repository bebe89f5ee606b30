/* Writes a first build-mem.json for a repo, from the files in it. */
#ifndef BM_CONFIG_STARTER_H
#define BM_CONFIG_STARTER_H

#include "base/error.h"
#include "base/strv.h"

struct starter {
    char *text;         /* the content of build-mem.json; owned */
    struct strv found;  /* "Next.js in apps/web", "Cargo" */
    struct strv caches; /* "nx: NX_SKIP_NX_CACHE=true": what keeps each cache from a replay */
    bool image_build;   /* as that of an ecosystem without an image */
    bool has_artifacts; /* or an image; if not, the user must add the outputs of the build */
    bool incremental;   /* as ecosystem.incremental: then in "clear", too */
};
void starter_release(struct starter *starter);

/* Looks for known files in the repo, and reads only package.json. `schema` is the URL for the key
 * "$schema", or NULL. Returns 0, or -1 if no file in the repo shows how to build it. */
int starter_make(const char *repo, const char *schema, struct starter *starter,
                 struct bm_error *err);

#endif
