#include "config/ecosystems.h"

#include <stddef.h>

/* Full names: without a registry, Podman does not find an image on most machines. */
#define HUB "docker.io/library/"
#define NODE_IMAGE HUB "node:24-bookworm"
/* A program by its name, whether started by its path, by a shell or by node. */
#define PROGRAM(name) "(^|[ /])" name "( |$)"

/* Cross compilers have a prefix, such as aarch64-linux-gnu-, and Debian's clang and lld a number.
 */
#define PREFIX "(^|/)([a-z0-9_]+-)*"
#define NUMBER "(-[0-9.]+)?( |$)"
#define C_COMPILERS "cc1|cc1plus|cc1obj|f951|clang|clang\\+\\+|cicc|ptxas"
#define COMPILE_C {"compile", PREFIX "(" C_COMPILERS ")" NUMBER}
#define LINK_C                                                                                     \
    {"link", PREFIX "(ld|lld|ld\\.(bfd|gold|lld|mold)|mold|gold|lto1|lto-wrapper)" NUMBER}

const struct ecosystem ecosystems[] = {
    {
        .name = "node",
        .markers = {"package.json"},
        .build = "npm run build",
        .image = NODE_IMAGE,
        /* Node includes corepack, which runs the pnpm or yarn that package.json names. The yarn of
         * the image, version 1, refuses to run if that is another version. */
        .variants = {{"pnpm-lock.yaml", "corepack pnpm run build", NULL, NULL},
                     {"yarn.lock", "corepack yarn run build", NULL, "yarn@"},
                     {"yarn.lock", "yarn run build", NULL, NULL},
                     {"bun.lock", "bun run build", "docker.io/oven/bun:1", NULL},
                     {"bun.lockb", "bun run build", "docker.io/oven/bun:1", NULL}},
    },
    {
        .name = "Deno",
        .markers = {"deno.json", "deno.jsonc"},
        .build = "deno task build",
        .image = "docker.io/denoland/deno:2",
        .stages = {{"deno", PROGRAM("deno")}},
    },
    {
        .name = "Cargo",
        .markers = {"Cargo.toml"},
        .build = "cargo build --release",
        .image = HUB "rust:1-bookworm",
        .stages = {LINK_C, {"build-script", "/build-script-build"}, {"compile", PROGRAM("rustc")}},
        .clear = {"target/release"},
        .artifacts = {"target/release"},
    },
    {
        .name = "Go workspace",
        .markers = {"go.work"},
        .build = "go list -f '{{.Dir}}/...' -m | xargs go build -a -o bin/",
        .image = HUB "golang:1-bookworm",
        .stages = {{"link", "/link( |$)"}, {"compile", "/compile( |$)"}},
        .clear = {"bin"},
        .artifacts = {"bin"},
    },
    {
        .name = "Go",
        .markers = {"go.mod"},
        .build = "go build -a -o bin/ ./...",
        .image = HUB "golang:1-bookworm",
        .stages = {{"link", "/link( |$)"}, {"compile", "/compile( |$)"}},
        .clear = {"bin"},
        .artifacts = {"bin"},
    },
    {
        .name = "Gradle",
        .markers = {"gradlew", "settings.gradle", "settings.gradle.kts", "build.gradle",
                    "build.gradle.kts"},
        .build = "gradle --no-daemon --no-build-cache --rerun-tasks assemble",
        .image = HUB "gradle:8-jdk21",
        .variants = {{"gradlew", "./gradlew --no-daemon --no-build-cache --rerun-tasks assemble",
                      HUB "eclipse-temurin:21", NULL}},
        .stages = {{"kotlin", "org\\.jetbrains\\.kotlin\\.daemon"},
                   {"worker", "worker\\.org\\.gradle"},
                   {"gradle", "org\\.gradle"}},
        .clear = {"build"},
        .artifacts = {"build"},
        .module_markers = {"build.gradle", "build.gradle.kts"},
    },
    /* A clean output tree is not enough: the disk cache is outside of it. */
    {
        .name = "Bazel",
        .markers = {"MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel"},
        .build = "bazel --batch clean && "
                 "bazel --batch build --disk_cache= --remote_cache= //...",
        .image = "gcr.io/bazel-public/bazel:latest",
        .stages = {LINK_C, COMPILE_C, {"bazel", "(^|[ /])A-server\\.jar( |$)"}},
    },
    {
        .name = "Maven",
        .markers = {"pom.xml"},
        .build = "mvn --batch-mode -DskipTests package",
        .image = HUB "maven:3-eclipse-temurin-21",
        .variants = {{"mvnw", "./mvnw --batch-mode -DskipTests package", HUB "eclipse-temurin:21",
                      NULL}},
        .stages = {{"maven", "org\\.codehaus\\.plexus\\.classworlds"}},
        .clear = {"target"},
        .artifacts = {"target"},
        .module_markers = {"pom.xml"},
    },
    /* Without compiler servers, which outlive the build. */
    {
        .name = ".NET",
        .markers = {"*.sln", "*.slnx", "*.csproj", "*.fsproj"},
        .build = "dotnet build --configuration Release --no-incremental -nodeReuse:false "
                 "-p:UseSharedCompilation=false",
        .image = "mcr.microsoft.com/dotnet/sdk:9.0",
        .stages = {{"compile", PROGRAM("(csc|vbc|fsc)\\.dll")},
                   {"msbuild", "(^|[ /])(MSBuild\\.dll|dotnet build)( |$)"}},
        .clear = {"bin/Release", "obj/Release"},
        .artifacts = {"bin/Release"},
        .module_markers = {"*.csproj", "*.fsproj"},
    },
    {
        .name = "Swift",
        .markers = {"Package.swift"},
        .build = "swift build --configuration release",
        .image = HUB "swift:6.0",
        .stages = {LINK_C, {"compile", PREFIX "(swift-frontend|" C_COMPILERS ")" NUMBER}},
        .clear = {".build"},
        .artifacts = {".build/release"},
    },
    {
        .name = "Python",
        .markers = {"pyproject.toml", "setup.py"},
        .build = "pip wheel --no-deps --wheel-dir dist .",
        .image = HUB "python:3-bookworm",
        .variants = {{"uv.lock", "uv build", "ghcr.io/astral-sh/uv:python3.13-bookworm", NULL},
                     {"poetry.lock", "poetry build", NULL, NULL}},
        .stages = {LINK_C, COMPILE_C},
        .clear = {"dist", "build"},
        .artifacts = {"dist/*.whl"},
    },
    /* CMake and Meson: configuring alone makes the folder, which is no artifact then. */
    {
        .name = "CMake",
        .markers = {"CMakeLists.txt"},
        .build = "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build -j2",
        .image = HUB "gcc:14",
        .stages = {LINK_C, COMPILE_C, {"configure", "(^|/)cmake (-S|--preset)"}},
        .clear = {"build"},
    },
    {
        .name = "Meson",
        .markers = {"meson.build"},
        .build = "meson setup build && meson compile -C build -j2",
        .image = HUB "gcc:14",
        .stages = {LINK_C, COMPILE_C},
        .clear = {"build"},
    },
    {
        .name = "ninja",
        .markers = {"build.ninja"},
        .build = "ninja -t clean && ninja -j2",
        .image = HUB "gcc:14",
        .stages = {LINK_C, COMPILE_C},
    },
    {
        .name = "autotools",
        .markers = {"configure.ac"},
        .build = "autoreconf -i && ./configure && make -j2",
        .incremental = true,
        .image = HUB "gcc:14",
        .stages = {LINK_C, COMPILE_C},
    },
    {
        .name = "make",
        .markers = {"Makefile", "makefile", "GNUmakefile"},
        .build = "make -j2",
        .incremental = true,
        .image = HUB "gcc:14",
        .stages = {LINK_C, COMPILE_C},
    },
    /* Last: such a file often packages what another build tool makes. */
    {
        .name = "Dockerfile",
        .markers = {"Dockerfile"},
        .build = "docker build --tag app .",
    },
    {
        .name = "Containerfile",
        .markers = {"Containerfile"},
        .build = "podman build --tag app .",
    },
    {0},
};

/* Yarn 1 has no foreach, and later versions have no `workspaces run`. */
const struct build_variant workspace_builds[] = {
    {"pnpm-workspace.yaml", "corepack pnpm -r run build", NULL, NULL},
    {"yarn.lock", "corepack yarn workspaces run build", NULL, "yarn@1."},
    {"yarn.lock", "corepack yarn workspaces foreach --all run build", NULL, "yarn@"},
    {".yarnrc.yml", "yarn workspaces foreach --all run build", NULL, NULL},
    {"yarn.lock", "yarn workspaces run build", NULL, NULL},
    {"bun.lock", "bun run --filter '*' build", NULL, NULL},
    {"bun.lockb", "bun run --filter '*' build", NULL, NULL},
    {"package.json", "npm run build --workspaces --if-present", NULL, NULL},
    {0},
};

const struct tool tools[] = {
    {
        .name = "Next.js",
        .ecosystem = "node",
        .markers = {"next.config.js", "next.config.mjs", "next.config.cjs", "next.config.ts"},
        .command = "next build",
        .build = "npx next build",
        .stage = {"next-build", "(^|[ /])next( |/dist/bin/next )build( |$)|^next-build \\(v"},
        .clear = {".next", "tsconfig.tsbuildinfo"},
        .artifacts = {".next/BUILD_ID"},
        .hints = {".next/routes-manifest.json", ".next/build-manifest.json"},
    },
    {
        .name = "Nuxt",
        .ecosystem = "node",
        .markers = {"nuxt.config.ts", "nuxt.config.js", "nuxt.config.mjs"},
        .command = "nuxt build",
        .build = "npx nuxt build",
        .stage = {"nuxt-build", "(^|[ /])(nuxt|nuxi)(\\.mjs)? build( |$)"},
        .clear = {".nuxt", ".output"},
        .artifacts = {".output"},
    },
    {
        .name = "Astro",
        .ecosystem = "node",
        .markers = {"astro.config.mjs", "astro.config.ts", "astro.config.js"},
        .command = "astro build",
        .build = "npx astro build",
        .stage = {"astro-build", "(^|[ /])astro(\\.m?js)? build( |$)"},
        .clear = {"dist", "node_modules/.astro"},
        .artifacts = {"dist"},
    },
    {
        .name = "Angular",
        .ecosystem = "node",
        .markers = {"angular.json"},
        .command = "ng build",
        .build = "npx ng build",
        .stage = {"ng-build", "(^|[ /])ng(\\.js)? build( |$)"},
        .clear = {"dist"},
        .artifacts = {"dist"},
    },
    {
        .name = "Vite",
        .ecosystem = "node",
        .markers = {"vite.config.js", "vite.config.mjs", "vite.config.cjs", "vite.config.ts",
                    "vite.config.mts"},
        .command = "vite build",
        .build = "npx vite build",
        .stage = {"vite-build", "(^|[ /])vite(\\.js)? build( |$)"},
        .clear = {"dist"},
        .artifacts = {"dist"},
    },
    {
        .name = "webpack",
        .ecosystem = "node",
        .markers = {"webpack.config.js", "webpack.config.cjs", "webpack.config.mjs",
                    "webpack.config.ts"},
        .command = "webpack",
        .build = "npx webpack",
        .stage = {"webpack", PROGRAM("webpack(\\.js)?")},
        .clear = {"dist"},
        .artifacts = {"dist"},
    },
    {
        .name = "AssemblyScript",
        .ecosystem = "node",
        .markers = {"asconfig.json"},
        .stage = {"assemblyscript", PROGRAM("(build:assemblyscript|asc|asc\\.js)")},
    },
    {
        .name = "TypeScript",
        .ecosystem = "node",
        .markers = {"tsconfig.json"},
        .stage = {"tsc", PROGRAM("(tsc|vue-tsc|tsgo)(\\.js)?")},
    },
    /* Last: they run the others. */
    {
        .name = "nx",
        .ecosystem = "node",
        .markers = {"nx.json"},
        .build = "npx nx run-many --target=build",
        .stage = {"nx", PROGRAM("(nx|nx\\.js)")},
    },
    {
        .name = "Turborepo",
        .ecosystem = "node",
        .markers = {"turbo.json"},
        .build = "npx turbo run build",
        .stage = {"turbo", PROGRAM("turbo")},
    },
    {0},
};

/* The variables and options are those of each tool's own manual. */
const struct known_cache known_caches[] = {
    {.name = "nx", .owners = {"nx"}, .variable = "NX_SKIP_NX_CACHE=true"},
    {.name = "turbo", .owners = {"Turborepo"}, .variable = "TURBO_FORCE=true"},
    /* Also that of babel-loader, terser and ESLint. */
    {.name = "webpack", .owners = {"node", "webpack"}, .clear = {"node_modules/.cache"}},
    {.name = "Next.js", .owners = {"Next.js"}, .disabled_by = "it is in .next"},
    {.name = "Vite", .owners = {"Vite"}, .clear = {"node_modules/.vite"}},
    {.name = "TypeScript", .owners = {"TypeScript"}, .clear = {"tsconfig.tsbuildinfo"}},
    {.name = "Gradle", .owners = {"Gradle"}, .disabled_by = "--no-build-cache --rerun-tasks"},
    {.name = "Bazel",
     .owners = {"Bazel"},
     .disabled_by = "bazel clean, --disk_cache= and --remote_cache="},
    {.name = "Go", .owners = {"Go", "Go workspace"}, .disabled_by = "-a"},
    {.name = "Angular", .owners = {"Angular"}, .clear = {".angular/cache"}},
    {.name = "cargo", .owners = {"Cargo"}, .disabled_by = "it is in target/release"},
    /* An empty value overrides the wrapper in Cargo's own configuration. */
    {.name = "sccache", .owners = {"Cargo"}, .variable = "RUSTC_WRAPPER="},
    {.name = "sccache",
     .owners = {"CMake", "Meson", "ninja", "autotools", "make"},
     .variable = "SCCACHE_RECACHE=1"},
    {.name = "ccache",
     .owners = {"CMake", "Meson", "ninja", "autotools", "make"},
     .variable = "CCACHE_DISABLE=1"},
    {0},
};
