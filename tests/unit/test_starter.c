/* The file that `build-mem init` writes for each kind of repo. */
#include "config/ecosystems.h"
#include "config/starter.h"

#include "base/alloc.h"
#include "base/file.h"
#include "commands/commands.h"
#include "config/config.h"
#include "measurement/image_name.h"
#include "unit/sample.h"
#include "unit/suite.h"

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char repo[] = "/tmp/build-mem-test-XXXXXX";
static struct starter starter;
static struct config config;
static struct bm_error err = BM_ERROR_INIT;

static void setup(void)
{
    strcpy(repo + strlen(repo) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(repo));
}

static void teardown(void)
{
    file_remove_tree(AT_FDCWD, repo);
    starter_release(&starter);
    config_release(&config);
    bm_error_release(&err);
}

static void put_text(const char *name, const char *text)
{
    char *path CLEANUP(cleanup_free) = xasprintf("%s/%s", repo, name);
    char *directory CLEANUP(cleanup_free) = xstrndup(path, (size_t)(strrchr(path, '/') - path));
    ck_assert_int_eq(file_make_dirs(directory, &err), 0);
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), &err), 0);
}

static void put_file(const char *name)
{
    put_text(name, "");
}

/* Makes the config and reads it back as the other commands do. */
static void make(void)
{
    ck_assert_int_eq(starter_make(repo, "file:///schema.json", &starter, &err), 0);
    config_init(&config);
    ck_assert_msg(config_parse(&config, starter.text, "made", &err) == 0, "%s\n%s", err.message,
                  starter.text);
}

/* Returns the first stage that matches, as in the probe; "setup" if none does. */
static const char *stage_of(const char *command)
{
    for (size_t i = 0; i < config.stage_count; i++) {
        regex_t regex;
        ck_assert_int_eq(regcomp(&regex, config.stages[i].match, REG_EXTENDED | REG_NOSUB), 0);
        int matched = regexec(&regex, command, 0, NULL, 0) == 0;
        regfree(&regex);
        if (matched)
            return config.stages[i].name;
    }
    return "setup";
}

static bool has_artifact(const char *path, bool required)
{
    for (size_t i = 0; i < config.artifact_count; i++)
        if (strcmp(config.artifacts[i].path, path) == 0)
            return config.artifacts[i].required == required;
    return false;
}

/* A kind of repo: its files, the build command, an artifact, and the stages of command lines. */
static const struct {
    const char *files[4];
    const char *build;
    const char *artifact;
    const char *commands[6]; /* a command line, then its stage */
} kinds[] = {
    {{"package.json", "next.config.mjs"},
     "npm run build",
     ".next/BUILD_ID",
     {"node /work/node_modules/.bin/next build", "next-build", "npm run build", "setup"}},
    {{"package.json", "vite.config.ts", "tsconfig.json"},
     "npm run build",
     "dist",
     {"node /work/node_modules/.bin/vite build", "vite-build", "node node_modules/.bin/tsc -b",
      "tsc"}},
    {{"package.json", "webpack.config.js"},
     "npm run build",
     "dist",
     {"node /w/node_modules/.bin/webpack --mode production", "webpack"}},
    {{"Cargo.toml"},
     "cargo build --release",
     "target/release",
     {"rustc --crate-name serde", "compile", "/usr/bin/ld -plugin x", "link"}},
    {{"go.mod", "Makefile"},
     "go build -a -o bin/ ./...",
     "bin",
     {"/usr/local/go/pkg/tool/linux_amd64/compile -o x", "compile",
      "/usr/local/go/pkg/tool/linux_amd64/link -o y", "link"}},
    {{"gradlew", "build.gradle.kts"},
     "./gradlew --no-daemon --no-build-cache --rerun-tasks assemble",
     "build",
     {"java -cp kotlin-compiler.jar org.jetbrains.kotlin.daemon.KotlinCompileDaemon", "kotlin",
      "java -jar gradle-wrapper.jar org.gradle.wrapper.GradleWrapperMain", "gradle"}},
    {{"MODULE.bazel", "Makefile"},
     "bazel --batch clean && bazel --batch build --disk_cache= --remote_cache= //...",
     NULL,
     {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet a.cc", "compile",
      "bazel(repo) -Xverify:none -jar /root/.cache/bazel/install/A-server.jar --max_idle_secs=1",
      "bazel"}},
    {{"pom.xml"},
     "mvn --batch-mode -DskipTests package",
     "target",
     {"java org.codehaus.plexus.classworlds.launcher.Launcher package", "maven"}},
    {{"CMakeLists.txt"},
     "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build -j2",
     NULL,
     {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet a.cc", "compile", "/usr/bin/ld.mold -o a",
      "link", "cmake -S . -B build", "configure"}},
    {{"meson.build"}, "meson setup build && meson compile -C build -j2", NULL, {NULL}},
    {{"build.ninja"}, "ninja -t clean && ninja -j2", NULL, {NULL}},
    {{"configure.ac", "Makefile"}, "autoreconf -i && ./configure && make -j2", NULL, {NULL}},
    {{"Makefile"},
     "make -j2",
     NULL,
     {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1 -quiet a.c", "compile", "gcc -c a.c", "setup"}},
};

/* Command lines as the tools start them, and the stages that a file of the repo asks for. */
static const struct {
    const char *file, *command, *stage;
} command_lines[] = {
    {"tsconfig.json", "node /w/node_modules/.bin/vue-tsc -b", "tsc"},
    {"tsconfig.json", "node /w/node_modules/vue-tsc/bin/vue-tsc.js -b", "tsc"},
    {"tsconfig.json", "/w/node_modules/.bin/tsgo -b", "tsc"},
    {"tsconfig.json", "node /w/node_modules/@typescript/native-preview/bin/tsgo.js -b", "tsc"},
    {"tsconfig.json", "sh -c vue-tsc", "tsc"},
    {"tsconfig.json", "node /w/tsc-watch/index.js", "setup"},
    {"nuxt.config.ts", "node /w/node_modules/.bin/nuxt build", "nuxt-build"},
    {"nuxt.config.ts", "node /w/node_modules/nuxt/bin/nuxt.mjs build", "nuxt-build"},
    {"nuxt.config.ts", "node /w/node_modules/.bin/nuxi build --prerender", "nuxt-build"},
    {"nuxt.config.ts", "node /w/node_modules/.bin/nuxt prepare", "setup"},
    {"astro.config.mjs", "node /w/node_modules/.bin/astro build", "astro-build"},
    {"astro.config.mjs", "node /w/node_modules/astro/astro.js build", "astro-build"},
    {"astro.config.mjs", "node /w/node_modules/astro/bin/astro.mjs build", "astro-build"},
    {"astro.config.mjs", "node /w/node_modules/.bin/astro check", "setup"},
    {"angular.json", "ng build", "ng-build"},
    {"angular.json", "node /w/node_modules/.bin/ng build --configuration production", "ng-build"},
    {"angular.json", "node /w/node_modules/@angular/cli/bin/ng.js build", "ng-build"},
    {"angular.json", "ng test", "setup"},
    {"deno.json", "deno run main.ts", "deno"},
    {"deno.json", "/usr/bin/deno task build", "deno"},
    {"Package.swift", "/usr/bin/swift-frontend -frontend -c", "compile"},
    {"Package.swift", "/usr/bin/clang -fno-omit-frame-pointer -c a.c", "compile"},
    {"Package.swift", "/usr/bin/ld.gold -o app", "link"},
    {"Package.swift", "/usr/bin/swift-build --configuration release", "setup"},
    {"App.csproj", "dotnet exec /sdk/Roslyn/bincore/csc.dll -x", "compile"},
    {"App.csproj", "/usr/share/dotnet/dotnet exec /sdk/FSharp/fsc.dll @a.rsp", "compile"},
    {"App.csproj", "/usr/bin/dotnet /sdk/MSBuild.dll -maxcpucount", "msbuild"},
    {"App.csproj", "dotnet build --configuration Release", "msbuild"},
};

START_TEST(command_line_has_its_stage)
{
    put_file("package.json"); /* of which Deno, Swift and .NET take no notice */
    put_file(command_lines[_i].file);
    make();
    ck_assert_str_eq(stage_of(command_lines[_i].command), command_lines[_i].stage);
}
END_TEST

START_TEST(kind_is_recognised)
{
    for (size_t i = 0; i < 4 && kinds[_i].files[i]; i++)
        put_file(kinds[_i].files[i]);
    make();
    ck_assert_str_eq(config.build_command, kinds[_i].build);
    ck_assert(starter.has_artifacts == (kinds[_i].artifact != NULL));
    /* The other builds clean up before, or "clear" has what they make. */
    bool clears = config.clear.count > 0 || strstr(config.build_command, "clean");
    ck_assert(starter.incremental == !clears);
    if (kinds[_i].artifact)
        ck_assert_msg(has_artifact(kinds[_i].artifact, true), "%s", starter.text);
    for (size_t i = 0; i < 6 && kinds[_i].commands[i]; i += 2)
        ck_assert_str_eq(stage_of(kinds[_i].commands[i]), kinds[_i].commands[i + 1]);
}
END_TEST

START_TEST(monorepo_packages_are_found)
{
    put_file("package.json");
    put_file("nx.json");
    put_file("turbo.json");
    put_file("apps/web/next.config.ts");
    put_file("apps/admin/next.config.js");
    put_file("node_modules/next/next.config.js");
    make();
    ck_assert(has_artifact("apps/web/.next/BUILD_ID", true));
    ck_assert(has_artifact("apps/admin/.next/BUILD_ID", true));
    ck_assert(has_artifact("apps/web/.next/build-manifest.json", false));
    ck_assert(!has_artifact("node_modules/next/.next/BUILD_ID", true));
    ck_assert(strv_contains(&config.clear, "apps/web/.next"));
    ck_assert_uint_eq(config.stage_count, 3);
    ck_assert_str_eq(stage_of("node /work/node_modules/.bin/next build --turbo"), "next-build");
    /* The title that Next.js 16.3 and later set. */
    ck_assert_str_eq(stage_of("next-build (v16.3.0)"), "next-build");
    ck_assert_str_eq(stage_of("node /work/node_modules/.bin/nx build web"), "nx");
    ck_assert(strv_contains(&starter.found, "Next.js in apps/web"));
}
END_TEST

/* A kind of repo, and what keeps its caches from a replay: a variable, or a path in "clear". */
static const struct {
    const char *files[3];
    const char *variable, *clear, *cache;
} caches[] = {
    {{"package.json", "nx.json"}, "NX_SKIP_NX_CACHE=true", "node_modules/.cache", "nx: "},
    {{"package.json", "turbo.json"}, "TURBO_FORCE=true", "node_modules/.cache", "turbo: "},
    {{"package.json", "a/webpack.config.js"}, NULL, "a/node_modules/.cache", "webpack: "},
    {{"package.json", "a/vite.config.ts"}, NULL, "a/node_modules/.vite", "Vite: "},
    {{"package.json", "next.config.ts"}, NULL, ".next", "Next.js: "},
    {{"package.json", "a/tsconfig.json"}, NULL, "a/tsconfig.tsbuildinfo", "TypeScript: "},
    {{"gradlew"}, NULL, "build", "Gradle: --no-build-cache"},
    {{"MODULE.bazel"}, NULL, NULL, "Bazel: "},
    {{"Cargo.toml"}, "RUSTC_WRAPPER=", "target/release", "sccache: "},
    {{"Cargo.toml"}, "RUSTC_WRAPPER=", "target/release", "cargo: "},
    {{"CMakeLists.txt"}, "CCACHE_DISABLE=1", "build", "ccache: "},
    {{"Makefile"}, "SCCACHE_RECACHE=1", NULL, "sccache: "},
};

START_TEST(caches_are_disabled)
{
    for (size_t i = 0; i < 3 && caches[_i].files[i]; i++)
        put_file(caches[_i].files[i]);
    make();
    if (caches[_i].variable)
        ck_assert_msg(strv_contains(&config.env, caches[_i].variable), "%s", starter.text);
    if (caches[_i].clear)
        ck_assert_msg(strv_contains(&config.clear, caches[_i].clear), "%s", starter.text);
    bool explained = false;
    for (size_t i = 0; i < starter.caches.count; i++)
        explained |=
            strncmp(starter.caches.items[i], caches[_i].cache, strlen(caches[_i].cache)) == 0;
    ck_assert_msg(explained, "%s", caches[_i].cache);
}
END_TEST

START_TEST(a_repo_of_unknown_kind_gets_no_config)
{
    put_file("README.md");
    ck_assert_int_eq(starter_make(repo, "file:///schema.json", &starter, &err), -1);
}
END_TEST

START_TEST(special_characters_in_names_are_literal)
{
    put_file("package.json");
    put_file("a [b]*/vite.config.js");
    make();
    ck_assert(has_artifact("a [b]*/dist", true));
}
END_TEST

/* Trees as the tools of each ecosystem generate them. The config must be the one beside the tree,
 * and build-mem must accept it. */
static const char *const trees[] = {
    "angular",
    "astro",
    "cargo-with-hooks",
    "cargo-workspace",
    "cmake",
    "deno",
    "dotnet",
    "go-workspace",
    "gradle-init",
    "maven-modules",
    "next",
    "npm-workspaces",
    "nuxt",
    "nx",
    "python-setuptools",
    "python-uv",
    "swift",
    "turbo",
    "vite-vue",
    "yarn-workspaces",
};

START_TEST(generated_trees)
{
    char *below CLEANUP(cleanup_free) = xasprintf("fixtures/init/%s", trees[_i]);
    char *tree CLEANUP(cleanup_free) = test_path(below);
    char *name CLEANUP(cleanup_free) = xasprintf("../init/%s.json", trees[_i]);
    ck_assert_msg(starter_make(tree, NULL, &starter, &err) == 0, "%s", err.message);
    config_init(&config);
    ck_assert_msg(config_parse(&config, starter.text, "made", &err) == 0, "%s", err.message);
    char *expected CLEANUP(cleanup_free) = golden_text(name, starter.text);
    ck_assert_str_eq(starter.text, expected);
}
END_TEST

/* Each linker and compiler has the stage of its kind, and its driver has none. */
START_TEST(names_of_linkers_and_compilers)
{
    static const char *const linkers[] = {"ld",
                                          "rust-lld -flavor gnu",
                                          "/usr/bin/ld.lld-17 -o a",
                                          "aarch64-linux-gnu-ld -o a",
                                          "/usr/lib/lto-wrapper",
                                          "wasm-ld a.o",
                                          "mold -run",
                                          "lto1 -quiet",
                                          "ld.gold -z"};
    static const char *const compilers[] = {"/usr/lib/gcc/cc1plus -quiet",
                                            "clang-19 -cc1",
                                            "aarch64-linux-gnu-clang++ -c",
                                            "cicc --c++17",
                                            "ptxas",
                                            "/usr/libexec/f951 a.f90"};
    static const char *const others[] = {"gcc -c a.c", "make", "build", "holdld x",
                                         "cmake --build ."};
    put_file("Makefile");
    make();
    for (size_t i = 0; i < sizeof linkers / sizeof *linkers; i++)
        ck_assert_msg(strcmp(stage_of(linkers[i]), "link") == 0, "%s", linkers[i]);
    for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++)
        ck_assert_msg(strcmp(stage_of(compilers[i]), "compile") == 0, "%s", compilers[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(strcmp(stage_of(others[i]), "setup") == 0, "%s", others[i]);
}
END_TEST

/* init writes only the first of them. */
START_TEST(names_of_stages_differ)
{
    for (const struct ecosystem *one = ecosystems; one->name; one++)
        for (size_t i = 1; i < STAGES_MAX && one->stages[i].name; i++)
            for (size_t j = 0; j < i; j++)
                ck_assert_msg(strcmp(one->stages[i].name, one->stages[j].name) != 0, "%s: %s",
                              one->name, one->stages[i].name);
}
END_TEST

/* Podman finds no image without a registry, if none is configured, as on Debian. */
START_TEST(images_have_a_registry)
{
    for (const struct ecosystem *one = ecosystems; one->name; one++) {
        ck_assert_msg(!one->image || image_has_registry(one->image), "%s: %s", one->name,
                      one->image);
        for (size_t i = 0; i < VARIANTS_MAX && one->variants[i].marker; i++) {
            const char *image = one->variants[i].image;
            ck_assert_msg(!image || image_has_registry(image), "%s: %s", one->name, image);
        }
    }
    config_init(&config);
    ck_assert(image_has_registry(config.image));
}
END_TEST

static void expect_first_image(const char *expected)
{
    char *image CLEANUP(cleanup_free) = first_image(repo);
    ck_assert_pstr_eq(image, expected);
}

static void expect_build_of_package(const char *package, const char *build)
{
    put_text("package.json", package);
    make();
    ck_assert_str_eq(config.build_command, build);
    starter_release(&starter);
    config_release(&config);
}

/* The yarn of the image refuses to be another version than package.json names, and Corepack
 * refuses to be another package manager. */
START_TEST(version_of_yarn)
{
    put_file("yarn.lock");
    expect_build_of_package("{}", "yarn run build");
    expect_build_of_package("{\"packageManager\": \"yarn@4.9.2\"}", "corepack yarn run build");
    expect_build_of_package("{\"packageManager\": \"npm@11.0.0\"}", "yarn run build");
    expect_build_of_package("{\"packageManager\": 4}", "yarn run build");
    expect_build_of_package("[]", "yarn run build");
}
END_TEST

/* A lock file, the package manager that package.json names, and the build of all workspaces. */
static const struct {
    const char *file, *manager, *build;
} workspaces[] = {
    {"package-lock.json", "npm@11.0.0", "npm run build --workspaces --if-present"},
    {"yarn.lock", "", "yarn workspaces run build"},
    {"yarn.lock", "yarn@1.22.22", "corepack yarn workspaces run build"},
    {"yarn.lock", "yarn@4.9.2", "corepack yarn workspaces foreach --all run build"},
    {".yarnrc.yml", "", "yarn workspaces foreach --all run build"},
    {"pnpm-workspace.yaml", "", "corepack pnpm -r run build"},
    {"bun.lock", "", "bun run --filter '*' build"},
};

START_TEST(build_of_workspaces)
{
    char *package CLEANUP(cleanup_free) =
        xasprintf("{\"workspaces\": [\"a\"], \"packageManager\": \"%s\"}", workspaces[_i].manager);
    put_file(workspaces[_i].file);
    put_text("a/package.json", "{\"scripts\": {\"build\": \"tsc\"}}");
    expect_build_of_package(package, workspaces[_i].build);
    put_file("Makefile");
    expect_build_of_package(package, "make -j2");
}
END_TEST

/* Without a workspace, or with a script in the root, the command is that of the root. */
START_TEST(build_of_the_root)
{
    expect_build_of_package("{}", "npm run build");
    /* No package has a build: a command that skips such packages would exit 0. */
    put_text("a/package.json", "{\"scripts\": {\"compile\": \"tsc\"}}");
    expect_build_of_package("{\"workspaces\": [\"a\"]}", "npm run build");
    expect_build_of_package("{\"workspaces\": [\"a\"], \"scripts\": {\"build\": \"make\"}}",
                            "npm run build");
    put_file("pnpm-lock.yaml");
    expect_build_of_package("{}", "corepack pnpm run build");
    put_file("nx.json");
    expect_build_of_package("{\"workspaces\": [\"a\"]}", "npx nx run-many --target=build");
}
END_TEST

START_TEST(image_of_the_first_run)
{
    expect_first_image("docker.io/library/node:24-bookworm");
    put_file("Makefile");
    expect_first_image("docker.io/library/gcc:14");
    put_text("build-mem.json", "{\"image\": \"app:1\"}");
    expect_first_image("app:1");
    put_text("build-mem.json", "{\"image\": \"app:1\", \"engine\": \"podman\"}");
    expect_first_image("app:1");
    put_text("build-mem.json", "{\"image\": \"app:1\", \"engine\": \"host\"}");
    expect_first_image(NULL);
    put_text("build-mem.json", "{");
    expect_first_image("docker.io/library/node:24-bookworm");
}
END_TEST

/* Asserts that the repo is an image build. The engine verifies its image, and names its stages. */
static void expect_image_build(const char *build)
{
    struct strv steps CLEANUP(strv_release) = {0};
    make();
    ck_assert_str_eq(config.build_command, build);
    ck_assert(starter.has_artifacts && !strstr(starter.text, "\"image\""));
    ck_assert_uint_eq(config.clear.count + config.artifact_count + config.stage_count, 0);
    expect_first_image(NULL);
    first_steps(repo, "host", &steps);
    ck_assert_str_eq(steps.items[1], "build-mem run");
    starter_release(&starter);
    config_release(&config);
}

START_TEST(a_dockerfile_alone_is_an_image_build)
{
    put_file("Containerfile");
    expect_image_build("podman build --tag app .");
    put_file("Dockerfile");
    expect_image_build("docker build --tag app .");
    /* Beside any other build file, it changes nothing. */
    put_file("package.json");
    make();
    ck_assert_str_eq(config.build_command, "npm run build");
    put_file("Makefile");
    starter_release(&starter);
    config_release(&config);
    make();
    ck_assert_str_eq(config.build_command, "make -j2");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("starter");
    TCase *test = tcase_create("starter");
    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_loop_test(test, kind_is_recognised, 0, (int)(sizeof kinds / sizeof *kinds));
    tcase_add_loop_test(test, command_line_has_its_stage, 0,
                        (int)(sizeof command_lines / sizeof *command_lines));
    tcase_add_loop_test(test, caches_are_disabled, 0, (int)(sizeof caches / sizeof *caches));
    tcase_add_loop_test(test, generated_trees, 0, (int)(sizeof trees / sizeof *trees));
    tcase_add_test(test, names_of_linkers_and_compilers);
    tcase_add_test(test, names_of_stages_differ);
    tcase_add_test(test, images_have_a_registry);
    tcase_add_test(test, version_of_yarn);
    tcase_add_loop_test(test, build_of_workspaces, 0,
                        (int)(sizeof workspaces / sizeof *workspaces));
    tcase_add_test(test, build_of_the_root);
    tcase_add_test(test, image_of_the_first_run);
    tcase_add_test(test, a_dockerfile_alone_is_an_image_build);
    tcase_add_test(test, monorepo_packages_are_found);
    tcase_add_test(test, a_repo_of_unknown_kind_gets_no_config);
    tcase_add_test(test, special_characters_in_names_are_literal);
    suite_add_tcase(suite, test);
    return run_suite(suite);
}
