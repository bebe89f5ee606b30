#include "measurement/no_image.h"

#include "base/alloc.h"
#include "measurement/advice.h"
#include "measurement/image_name.h"

#include <string.h>

#define NO_IMAGE "no image "
#define TEXTS_MAX 10

enum kind { KIND_MISSING, KIND_SHORT, KIND_LIMIT, KIND_DISK, KIND_NAME, KIND_REGISTRY, KINDS };

/* In this order, if a message matches several. Messages of Docker 28 and Podman 4.3 and 5.4, or of
 * the registry (opencontainers/distribution-spec, "Error Codes"). */
static const struct {
    const char *texts[TEXTS_MAX];
    enum advice advice;
} kinds[KINDS] = {
    [KIND_MISSING] = {{"no such image", "image not known"}, ADVICE_PULL_IMAGE},
    [KIND_SHORT] = {{"did not resolve to an alias", "short-name resolution enforced"},
                    ADVICE_FULL_IMAGE_NAME},
    [KIND_LIMIT] = {{"toomanyrequests"}, ADVICE_REGISTRY_LIMIT},
    [KIND_DISK] = {{"no space left on device", "disk quota exceeded"}, ADVICE_FREE_IMAGE_DISK},
    [KIND_NAME] = {{"manifest unknown", "name unknown", "unauthorized", ": denied",
                    "access denied for", ": not found", "invalid reference format",
                    "must be lowercase", "authentication required"},
                   ADVICE_CORRECT_IMAGE_NAME},
    [KIND_REGISTRY] = {{"dial tcp", "proxyconnect", "tls: ", "x509: ", "deadline exceeded",
                        "request canceled", "unexpected HTTP status", "timed out"},
                       ADVICE_REACH_REGISTRY},
};

static enum kind kind_of(const char *message)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < TEXTS_MAX && kinds[kind].texts[i]; i++)
            if (strcasestr(message, kinds[kind].texts[i]))
                return (enum kind)kind;
    return KINDS;
}

bool image_is_missing(const char *message)
{
    return kind_of(message) == KIND_MISSING;
}

char *no_image_reason(const char *image, const char *origin, const char *message)
{
    return xasprintf(NO_IMAGE "%s (%s): %s", image, origin, message);
}

/* The advice has commands to copy, and the name can come from a change that is under review. */
static bool is_plain(const char *image)
{
    return image[strspn(image, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "._-/:@")] == '\0' &&
           *image && *image != '-';
}

static char *advice_of(enum kind kind, const char *engine, const char *image)
{
    char *full CLEANUP(cleanup_free) = image_full_name(image);
    char *registry CLEANUP(cleanup_free) = image_registry(image);
    char *pull CLEANUP(cleanup_free) = xasprintf("%s pull %s", engine, full);
    char *login CLEANUP(cleanup_free) = xasprintf("%s login %s", engine, registry);
    /* An image that Podman made has this registry. */
    char *make CLEANUP(cleanup_free) = xasprintf("%s build --tag %s", engine, image);
    const char *const details[] = {
        [KIND_MISSING] = pull, [KIND_SHORT] = full, [KIND_LIMIT] = login,
        [KIND_DISK] = engine,  [KIND_NAME] = login, [KIND_REGISTRY] = registry};
    if (strcmp(registry, "localhost") == 0)
        return advice_text(ADVICE_MAKE_IMAGE, make);
    return kind == KINDS ? advice_text(ADVICE_SEE_PULL, pull)
                         : advice_text(kinds[kind].advice, details[kind]);
}

char *no_image_advice(const struct measurement *m)
{
    const char *image = m->environment.image, *engine = m->environment.engine;
    if (!m->not_measured || !image || !engine ||
        strncmp(m->not_measured, NO_IMAGE, strlen(NO_IMAGE)) != 0)
        return NULL;
    if (!is_plain(image))
        return advice_text(ADVICE_CORRECT_IMAGE, NULL);
    return advice_of(kind_of(m->not_measured), engine, image);
}
