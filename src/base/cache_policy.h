/* What of the machine's page cache a run finds. */
#ifndef BM_BASE_CACHE_POLICY_H
#define BM_BASE_CACHE_POLICY_H

#include "base/error.h"
#include "base/json.h"

enum cache_policy {
    CACHE_AS_IS, /* what happens to be there; results of before there was a choice */
    CACHE_WARM,  /* the build's files have been read */
    CACHE_COLD,  /* empty */
};

/* "as-is", "warm", "cold". Static. */
const char *cache_policy_name(enum cache_policy policy);

/* Returns 0, or -1 where no policy is called that. */
int cache_policy_parse(const char *name, enum cache_policy *policy);
/* The policy of that name; else an error that names the place. Returns 0 or -1. */
int cache_policy_expect(const struct json *value, enum cache_policy *policy, struct bm_error *err);

#endif
