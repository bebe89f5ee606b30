/* A first build-mem.json for a repo, from what lies in it. */
#ifndef BM_CONFIG_STARTER_H
#define BM_CONFIG_STARTER_H

#include "base/strv.h"

struct starter {
    char *text;         /* of build-mem.json; owned */
    struct strv found;  /* "Next.js in apps/web", "Cargo" */
    bool has_artifacts; /* else the user has to name what the build makes */
};
void starter_release(struct starter *starter);

/* Looks at the files of the repo; none is opened. `schema`, the URL of the config's schema,
 * is written as "$schema"; NULL: none. Returns 0, or -1 where nothing in the repo says how it is
 * built. */
int starter_make(const char *repo, const char *schema, struct starter *starter);

#endif
