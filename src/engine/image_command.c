/* See image_command.h. */
#include "engine/image_command.h"

#include "base/alloc.h"
#include "engine/known_daemons.h"

#include <string.h>

#define WRITE_IT_ALONE                                                                             \
    "give the image build alone, without a shell: `-- docker build ...` on the command line, or "  \
    "a "                                                                                           \
    "\"build\" that has no variable, redirection or second command"

void image_command_release(struct image_command *image)
{
    strv_release(&image->words);
    strv_release(&image->images);
    free(image->id_file);
    image->id_file = NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Returns the words of the command, or of the first command of its script. */
static struct strv first_words(const struct strv *command)
{
    struct strv words = {0};
    const char *script = shell_script_of(command);
    if (!script)
        strv_push_all(&words, command);
    while (script && !words.count && shell_next_command(&script, &words))
        ;
    return words;
}

/* A shell would give these characters a meaning, even in double quotes. */
static bool needs_shell(const char *script)
{
    return strpbrk(script, "$`\\*?[]{}~<>&|;()\n#!") != NULL;
}

static bool builds_image(const struct strv *words, size_t subcommand)
{
    static const char *const builds[] = {"build", "bake", "bud", "build-using-dockerfile"};
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        if (strcmp(words->items[subcommand], builds[i]) == 0)
            return true;
    return false;
}

bool is_image_build(const struct strv *command)
{
    struct strv words CLEANUP(strv_release) = first_words(command);
    size_t program, subcommand;
    return container_client_find(&words, &program, &subcommand) && builds_image(&words, subcommand);
}

static bool has_word(const struct image_command *image, const char *word)
{
    for (size_t i = image->program + 1; i < image->subcommand; i++)
        if (strcmp(image->words.items[i], word) == 0)
            return true;
    return false;
}

/* Only builds with --cgroup-parent, by known clients. Sets the client. */
static int take_client(struct image_command *image, struct bm_error *err)
{
    static const char *const clients[] = {
        [CLIENT_DOCKER] = "docker", [CLIENT_PODMAN] = "podman", [CLIENT_BUILDAH] = "buildah"};
    const char *client = base_name(image->words.items[image->program]);
    const char *subcommand = image->words.items[image->subcommand];
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        image->client = (enum image_client)i;
        bool builds = strcmp(subcommand, "build") == 0 ||
                      (i == CLIENT_BUILDAH && strcmp(subcommand, "bake") != 0);
        if (strcmp(client, clients[i]) == 0 && builds && !has_word(image, "compose"))
            return 0;
    }
    return bm_error_set(
        err,
        "the engine image measures `docker build`, `podman build` and `buildah build`, and not "
        "`%s%s %s`: build the image with one of these",
        client, has_word(image, "compose") ? " compose" : "", subcommand);
}

/* Returns whether words[*at] is an option with a value, which can be in the next word: then moves
 * `*at` to it. */
static bool has_value(const struct strv *words, size_t *at, const char *name, const char *letter,
                      const char **value)
{
    const char *word = words->items[*at];
    size_t length = strlen(name);
    if (strncmp(word, name, length) == 0 && word[length] == '=') {
        *value = word + length + 1;
        return true;
    }
    if (letter && strncmp(word, letter, 2) == 0 && word[2]) {
        *value = word + 2 + (word[2] == '=');
        return true;
    }
    bool whole = strcmp(word, name) == 0 || (letter && strcmp(word, letter) == 0);
    if (!whole || *at + 1 == words->count)
        return false;
    *value = words->items[++*at];
    return true;
}

static int read_options(struct image_command *image, struct bm_error *err)
{
    for (size_t i = image->subcommand + 1; i < image->words.count; i++) {
        const char *value;
        if (has_value(&image->words, &i, "--cgroup-parent", NULL, &value))
            return bm_error_set(err,
                                "the engine image sets --cgroup-parent itself: remove it from the "
                                "build command");
        if (has_value(&image->words, &i, "--tag", "-t", &value)) {
            strv_push(&image->images, value);
        } else if (has_value(&image->words, &i, "--iidfile", NULL, &value)) {
            free(image->id_file);
            image->id_file = xstrdup(value);
        } else if (has_value(&image->words, &i, "--output", "-o", &value) ||
                   strcmp(image->words.items[i], "--push") == 0) {
            image->leaves = true;
        }
    }
    if (image->leaves)
        strv_release(&image->images);
    return 0;
}

static int parse(const struct strv *command, struct image_command *image, struct bm_error *err)
{
    const char *script = shell_script_of(command);
    image->words = first_words(command);
    if (!container_client_find(&image->words, &image->program, &image->subcommand) ||
        !builds_image(&image->words, image->subcommand))
        return bm_error_set(
            err, "the build command is no image build (docker build, podman build, buildah build): "
                 "use another engine");
    if (script && needs_shell(script))
        return bm_error_set(
            err, "the engine image cannot insert its options into a shell script: " WRITE_IT_ALONE);
    if (take_client(image, err) < 0)
        return -1;
    image->first_verb = image->subcommand;
    static const char *const groups[] = {"image", "builder", "buildx"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strcmp(image->words.items[image->subcommand - 1], groups[i]) == 0 &&
            image->subcommand - 1 > image->program)
            image->first_verb = image->subcommand - 1;
    return read_options(image, err);
}

int image_command_parse(const struct strv *command, struct image_command *image,
                        struct bm_error *err)
{
    *image = (struct image_command){0};
    return parse(command, image, err);
}

/* A command may begin with an assignment, which only a shell and env(1) understand. */
static void push_env(const struct image_command *image, struct strv *command)
{
    if (image->program > 0 && strchr(image->words.items[0], '='))
        strv_push(command, "env");
}

void image_command_insert(const struct image_command *image, const struct strv *options,
                          struct strv *command)
{
    push_env(image, command);
    for (size_t i = 0; i < image->words.count; i++) {
        strv_push(command, image->words.items[i]);
        if (i == image->subcommand)
            strv_push_all(command, options);
    }
}

void image_command_push_client(const struct image_command *image, struct strv *command)
{
    push_env(image, command);
    for (size_t i = 0; i < image->first_verb; i++)
        strv_push(command, image->words.items[i]);
}
