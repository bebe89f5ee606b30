/* Cache policy: the state of the page cache before the build. */
#ifndef BM_BASE_CACHE_POLICY_H
#define BM_BASE_CACHE_POLICY_H

#include "base/error.h"
#include "base/json.h"

enum cache_policy {
    CACHE_AS_IS, /* unchanged */
    CACHE_WARM,  /* build-mem has read the files of the repo and of the image */
    CACHE_COLD,  /* empty */
};

/* "as-is", "warm", "cold". Static. */
const char *cache_policy_name(enum cache_policy policy);

/* Parses a name. Returns 0, or -1 if no policy has this name. */
int cache_policy_parse(const char *name, enum cache_policy *policy);
/* Reads the policy from a JSON value. Returns 0, or -1 with a message that names the place. */
int cache_policy_expect(const struct json *value, enum cache_policy *policy, struct bm_error *err);

#endif
