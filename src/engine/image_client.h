/* The client of an image build: commands beside the build itself, and the files in an image.
 *
 * A path in an image is looked up in a container that is created from it and never started. The
 * client prints the path as a tar archive, of which only the start is read. */
#ifndef BM_ENGINE_IMAGE_CLIENT_H
#define BM_ENGINE_IMAGE_CLIENT_H

#include "base/error.h"
#include "base/strv.h"
#include "engine/engine.h"

#include <stddef.h>
#include <stdint.h>

/* Runs a command of the client. `client` is its start ("sudo", "docker"), `words` are the others,
 * ended by NULL. Returns its output, or NULL with `err` set. The caller owns it. */
char *image_client_ask(const struct strv *client, const char *const *words, struct bm_error *err);

struct image_look {
    const struct strv *client;
    bool links;       /* `cp` follows a link only with -L: Docker */
    const char *name; /* of the container, from engine_unique_name */
    const char *id;   /* of the image */
};
/* Adds to the facts whether each path exists in the image. Makes the container, and removes it. */
void image_client_verify(const struct image_look *look, const struct strv *paths,
                         struct engine_facts *facts);

/* Removes the containers of runs that were killed. */
void image_client_remove_orphans(const struct strv *client);

/* What the start of an archive shows about its first member. */
enum archive_kind {
    ARCHIVE_SHORT,   /* more bytes are needed */
    ARCHIVE_INVALID, /* it is no tar archive */
    ARCHIVE_FILE,
    ARCHIVE_DIRECTORY,
    ARCHIVE_OTHER, /* a device, or a link whose target is missing */
};
struct archive_member {
    enum archive_kind kind;
    int64_t bytes; /* of a file */
};
/* Parses the start of a tar archive. Pure. */
struct archive_member archive_first_member(const char *bytes, size_t length);

#endif
