#include "measurement/image_name.h"

#include "base/alloc.h"

#include <string.h>

#define DOCKER_HUB "docker.io"
#define OFFICIAL "library/"

/* Returns the length of the registry, or 0. The first part of a name is a registry if it cannot be
 * a user of Docker Hub. Source: splitDockerDomain of github.com/distribution/reference. */
static size_t registry_length(const char *image)
{
    size_t length = strcspn(image, "/");
    if (!image[length])
        return 0;
    bool is_local = length == strlen("localhost") && strncmp(image, "localhost", length) == 0;
    return is_local || strcspn(image, ".:") < length ? length : 0;
}

bool image_has_registry(const char *image)
{
    return registry_length(image) > 0;
}

char *image_registry(const char *image)
{
    size_t length = registry_length(image);
    return length ? xstrndup(image, length) : xstrdup(DOCKER_HUB);
}

char *image_full_name(const char *image)
{
    char *registry CLEANUP(cleanup_free) = image_registry(image);
    size_t length = registry_length(image);
    const char *path = length ? image + length + 1 : image;
    bool official = strcmp(registry, DOCKER_HUB) == 0 && !strchr(path, '/');
    return xasprintf("%s/%s%s", registry, official ? OFFICIAL : "", path);
}

bool image_names_equal(const char *a, const char *b)
{
    char *full_a CLEANUP(cleanup_free) = image_full_name(a);
    char *full_b CLEANUP(cleanup_free) = image_full_name(b);
    return strcmp(full_a, full_b) == 0;
}
