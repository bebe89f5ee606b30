/* No image: an engine could not get the image of its container.
 *
 * One table has the kinds of failures, each with texts of the messages of Docker and Podman, and
 * its advice. */
#ifndef BM_MEASUREMENT_NO_IMAGE_H
#define BM_MEASUREMENT_NO_IMAGE_H

#include "measurement/measurement.h"

#include <stdbool.h>

/* The reason that the run was not measured: "no image gcc:14 (--image): podman pull: Error: ...".
 * `origin` is where the image was set. The caller owns it. */
char *no_image_reason(const char *image, const char *origin, const char *message);

/* Returns whether the message of `create`, which did not pull, is that there is no such image. */
bool image_is_missing(const char *message);

/* Returns what to do if the run was not measured because there is no image; else NULL. The caller
 * owns it. */
char *no_image_advice(const struct measurement *m);

#endif
