/* Writes a first build-mem.json for a repo, from the files in it. */
#ifndef BM_CONFIG_STARTER_H
#define BM_CONFIG_STARTER_H

#include "base/strv.h"

struct starter {
    char *text;         /* the content of build-mem.json; owned */
    struct strv found;  /* "Next.js in apps/web", "Cargo" */
    bool has_artifacts; /* if not, the user must add the outputs of the build */
};
void starter_release(struct starter *starter);

/* Looks for known files in the repo, and opens none. `schema` is the URL of the schema for the
 * "$schema" key, or NULL. Returns 0, or -1 if no file in the repo shows how to build it. */
int starter_make(const char *repo, const char *schema, struct starter *starter);

#endif
