/* The commands of image builds: which ones can be measured, and where the options are inserted. */
#include "base/alloc.h"
#include "engine/image_command.h"
#include "unit/suite.h"

#include <string.h>

/* The words are separated by '|'. */
static struct strv split(const char *text)
{
    struct strv words = {0};
    char *copy CLEANUP(cleanup_free) = xstrdup(text), *rest = copy;
    for (char *word; (word = strsep(&rest, "|"));)
        strv_push(&words, word);
    return words;
}

/* The command with the option inserted, the start of another command of the client, and the images.
 */
static const struct {
    const char *command, *inserted, *client, *images;
} measured[] = {
    {"docker|build|-t|app|.", "docker|build|--x|-t|app|.", "docker", "app"},
    {"/usr/bin/docker|image|build|--tag=app:1|-tb|.",
     "/usr/bin/docker|image|build|--x|--tag=app:1|-tb|.", "/usr/bin/docker", "app:1 b"},
    {"docker|--context|far|buildx|build|.", "docker|--context|far|buildx|build|--x|.",
     "docker|--context|far", ""},
    {"env|DOCKER_BUILDKIT=0|docker|build|.", "env|DOCKER_BUILDKIT=0|docker|build|--x|.",
     "env|DOCKER_BUILDKIT=0|docker", ""},
    {"sudo|-u|root|podman|build|-t|a|-t|b|.", "sudo|-u|root|podman|build|--x|-t|a|-t|b|.",
     "sudo|-u|root|podman", "a b"},
    {"buildah|bud|-t|app|.", "buildah|bud|--x|-t|app|.", "buildah", "app"},
    {"buildah|build-using-dockerfile|.", "buildah|build-using-dockerfile|--x|.", "buildah", ""},
    /* "build" of build-mem.json. Only a shell understands an assignment, and env(1). */
    {"bash|-lc|docker build -t 'my app' .", "docker|build|--x|-t|my app|.", "docker", "my app"},
    {"bash|-lc|A=1 B=2 docker build .", "env|A=1|B=2|docker|build|--x|.", "env|A=1|B=2|docker", ""},
    /* The image leaves the engine. */
    {"docker|buildx|build|--push|-t|app|.", "docker|buildx|build|--x|--push|-t|app|.", "docker",
     ""},
    {"docker|build|-o|out|-t|app|.", "docker|build|--x|-o|out|-t|app|.", "docker", ""},
    {"docker|build|-t", "docker|build|--x|-t", "docker", ""},
};

START_TEST(commands_are_measured)
{
    struct strv option CLEANUP(strv_release) = split("--x");
    struct strv command CLEANUP(strv_release) = split(measured[_i].command);
    struct strv inserted CLEANUP(strv_release) = {0}, client CLEANUP(strv_release) = {0};
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct image_command image CLEANUP(image_command_release);
    ck_assert(is_image_build(&command));
    ck_assert_msg(image_command_parse(&command, &image, &err) == 0, "%s", err.message);
    image_command_insert(&image, &option, &inserted);
    image_command_push_client(&image, &client);
    char *all CLEANUP(cleanup_free) = strv_join(&inserted, "|");
    char *start CLEANUP(cleanup_free) = strv_join(&client, "|");
    char *images CLEANUP(cleanup_free) = strv_join(&image.images, " ");
    ck_assert_str_eq(all, measured[_i].inserted);
    ck_assert_str_eq(start, measured[_i].client);
    ck_assert_str_eq(images, measured[_i].images);
    ck_assert(image.client == (strstr(measured[_i].command, "podman")    ? CLIENT_PODMAN
                               : strstr(measured[_i].command, "buildah") ? CLIENT_BUILDAH
                                                                         : CLIENT_DOCKER));
    ck_assert_ptr_null(image.id_file);
    ck_assert(image.leaves ==
              (strstr(measured[_i].command, "--push") || strstr(measured[_i].command, "-o|out")));
}
END_TEST

static const struct {
    const char *command, *word;
    bool is_image_build; /* auto selects the engine, which refuses */
} refused[] = {
    {"docker|compose|build", "docker compose build", true},
    {"docker|buildx|bake", "bake", true},
    {"docker-compose|build", "docker-compose build", true},
    {"nerdctl|build|.", "nerdctl build", true},
    {"buildctl|build", "buildctl build", true},
    {"podman|bud|.", "no image build", false},
    {"sh|-c|docker build -t app:$TAG .", "shell", true},
    {"sh|-c|docker build . && docker push app", "shell", true},
    {"docker|build|--cgroup-parent=/x|.", "--cgroup-parent", true},
    {"docker|build|--cgroup-parent|/x|.", "--cgroup-parent", true},
    {"docker|run|build", "no image build", false},
    {"make|docker", "no image build", false},
    {"sh|-c|make && docker build .", "no image build", false},
    {"sh|-c|", "no image build", false},
    {"docker", "no image build", false},
    {"echo|docker|build", "no image build", false},
};

START_TEST(commands_are_refused)
{
    struct strv command CLEANUP(strv_release) = split(refused[_i].command);
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct image_command image CLEANUP(image_command_release);
    ck_assert(is_image_build(&command) == refused[_i].is_image_build);
    ck_assert_int_eq(image_command_parse(&command, &image, &err), -1);
    ck_assert_msg(strstr(err.message, refused[_i].word) != NULL, "%s", err.message);
}
END_TEST

START_TEST(id_file)
{
    struct strv command CLEANUP(strv_release) = split("docker|build|--iidfile=a|--iidfile|b|.");
    struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct image_command image CLEANUP(image_command_release);
    ck_assert_int_eq(image_command_parse(&command, &image, &err), 0);
    ck_assert_str_eq(image.id_file, "b");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("engine/image_command");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, commands_are_measured, 0, sizeof measured / sizeof *measured);
    tcase_add_loop_test(all, commands_are_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(all, id_file);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
