#include "base/cache_policy.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [CACHE_AS_IS] = "as-is", [CACHE_WARM] = "warm", [CACHE_COLD] = "cold"};

const char *cache_policy_name(enum cache_policy policy)
{
    return names[policy];
}

int cache_policy_parse(const char *name, enum cache_policy *policy)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *policy = (enum cache_policy)i;
            return 0;
        }
    return -1;
}

int cache_policy_expect(const struct json *value, enum cache_policy *policy, struct bm_error *err)
{
    const char *name;
    if (json_expect_string(value, &name, err) < 0)
        return -1;
    if (cache_policy_parse(name, policy) < 0)
        return json_error(value, err, "must be \"as-is\", \"warm\" or \"cold\"");
    return 0;
}
