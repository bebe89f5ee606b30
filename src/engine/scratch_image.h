/* A scratch image: an image that contains only empty directories, for a trial of an engine that has
 * a container. It needs no registry, and the probe is the only program in the container. */
#ifndef BM_ENGINE_SCRATCH_IMAGE_H
#define BM_ENGINE_SCRATCH_IMAGE_H

#include "base/error.h"
#include "engine/engine.h"

/* Imports a scratch image into the engine; also removes those whose runner was killed. Returns its
 * reference, which the caller owns and passes to scratch_image_remove, or NULL. `directory` takes a
 * temporary file. */
char *scratch_image_import(const struct engine *engine, const char *directory,
                           struct bm_error *err);

/* Returns whether the engine has this image, so that a run need not pull it. */
bool engine_has_image(const struct engine *engine, const char *image);

/* Removes the image. Returns -1 if it remains. */
int scratch_image_remove(const struct engine *engine, const char *image, struct bm_error *err);

#endif
