/* What `docker inspect` and `podman inspect` print of a container. */
#ifndef BM_ENGINE_INSPECT_H
#define BM_ENGINE_INSPECT_H

#include "base/error.h"
#include "engine/engine.h"

/* Takes OOM flag, image digest and the engine's error from the text: a JSON array of one
 * container. Members that an engine does not print stay as they are. */
int parse_inspect(const char *text, struct engine_facts *facts, struct bm_error *err);

#endif
