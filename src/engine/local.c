#include "engine/local.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int become(const char *user)
{
    unsigned uid = 0, gid = 0;
    sscanf(user, "%u:%u", &uid, &gid);
    return setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid(uid) < 0 ? -1 : 0;
}

int local_enter(const struct engine_spec *spec)
{
    if (spec->user && become(spec->user) < 0)
        return -1;
    for (size_t i = 0; i < spec->env->count; i++)
        if (strchr(spec->env->items[i], '='))
            putenv(spec->env->items[i]);
    return chdir(spec->repo);
}
