/* The command of an image build: which program, which image, and where an option can be inserted.
 * Pure: it takes the words of a build command. */
#ifndef BM_ENGINE_IMAGE_COMMAND_H
#define BM_ENGINE_IMAGE_COMMAND_H

#include "base/error.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

enum image_client { CLIENT_DOCKER, CLIENT_PODMAN, CLIENT_BUILDAH };

struct image_command {
    struct strv words; /* without a shell */
    size_t program;    /* the index of "docker", "podman" or "buildah" */
    size_t first_verb; /* the index of "build", or of "image" or "buildx" before it */
    size_t subcommand; /* the index of "build" */
    enum image_client client;
    struct strv images; /* of --tag; empty if the image has no name, or leaves the engine */
    char *id_file;      /* of --iidfile; NULL: none */
    bool leaves;        /* the image does not stay in the engine: --output, --push */
};
/* For CLEANUP. */
void image_command_release(struct image_command *image);

/* Returns whether the build command begins with an image build, also of a kind that
 * image_command_parse refuses. Looks into a script of sh -c. */
bool is_image_build(const struct strv *command);

/* Parses the build command. Initialises `image`. Returns -1 if the engine image cannot measure it,
 * with the reason. */
int image_command_parse(const struct strv *command, struct image_command *image,
                        struct bm_error *err);

/* Appends the command with the options inserted after "build". */
void image_command_insert(const struct image_command *image, const struct strv *options,
                          struct strv *command);

/* Appends the start of another command of the same client, such as "sudo docker --context X". */
void image_command_push_client(const struct image_command *image, struct strv *command);

#endif
