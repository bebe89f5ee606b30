/* What the engines without a container have in common. Inside of engine/ only. */
#ifndef BM_ENGINE_LOCAL_H
#define BM_ENGINE_LOCAL_H

#include "engine/engine.h"

/* In the child, before the exec: becomes the spec's user, sets its variables, and goes to its
 * repository. Returns 0, or -1 with errno. */
int local_enter(const struct engine_spec *spec);

#endif
