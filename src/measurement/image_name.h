/* Names of container images. Docker takes "node:24" for short of "docker.io/library/node:24".
 * Podman needs the full name, unless its registries.conf names a registry for short ones. */
#ifndef BM_MEASUREMENT_IMAGE_NAME_H
#define BM_MEASUREMENT_IMAGE_NAME_H

#include <stdbool.h>

/* Returns whether the name has a registry, so that each engine takes it for the same image. */
bool image_has_registry(const char *image);

/* Returns the name with its registry: "docker.io/library/node:24". The caller owns it. */
char *image_full_name(const char *image);

/* Returns the registry of the image: "docker.io", "localhost:5000". The caller owns it. */
char *image_registry(const char *image);

/* Returns whether both names are those of one image, with or without its registry. */
bool image_names_equal(const char *a, const char *b);

#endif
