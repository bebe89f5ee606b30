#include "config/ecosystems.h"

#include <stddef.h>

#define NODE_IMAGE "node:24-bookworm"
/* A program by its name, whether started by its path, by a shell or by node. */
#define PROGRAM(name) "(^|[ /])" name "( |$)"

#define COMPILE_C {"compile", "(^|/)(cc1|cc1plus|clang|clang\\+\\+)(-[0-9]+)?( |$)"}
#define LINK_C {"link", "(^|/)(ld|ld\\.(bfd|gold|lld|mold)|lld|mold|lto1)( |$)"}

const struct ecosystem ecosystems[] = {
    {
        .name = "node",
        .markers = {"package.json"},
        .build = "npm run build",
        .image = NODE_IMAGE,
    },
    {
        .name = "Cargo",
        .markers = {"Cargo.toml"},
        .build = "cargo build --release",
        .image = "rust:1-bookworm",
        .stages = {LINK_C, {"build-script", "/build-script-build"}, {"compile", PROGRAM("rustc")}},
        .clear = {"target/release"},
        .artifacts = {"target/release"},
    },
    {
        .name = "Go",
        .markers = {"go.mod"},
        .build = "go build -o bin/ ./...",
        .image = "golang:1-bookworm",
        .stages = {{"link", "/link( |$)"}, {"compile", "/compile( |$)"}},
        .clear = {"bin"},
        .artifacts = {"bin"},
    },
    {
        .name = "Gradle",
        .markers = {"gradlew"},
        .build = "./gradlew --no-daemon assemble",
        .image = "eclipse-temurin:21",
        .stages = {{"kotlin", "org\\.jetbrains\\.kotlin\\.daemon"},
                   {"worker", "worker\\.org\\.gradle"},
                   {"gradle", "org\\.gradle"}},
        .clear = {"build"},
        .artifacts = {"build"},
    },
    {
        .name = "Maven",
        .markers = {"pom.xml"},
        .build = "mvn --batch-mode -DskipTests package",
        .image = "maven:3-eclipse-temurin-21",
        .stages = {{"maven", "org\\.codehaus\\.plexus\\.classworlds"}},
        .clear = {"target"},
        .artifacts = {"target"},
    },
    /* CMake and Meson: configuring alone makes the folder, which is no artifact then. */
    {
        .name = "CMake",
        .markers = {"CMakeLists.txt"},
        .build = "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build -j2",
        .image = "gcc:14",
        .stages = {LINK_C, COMPILE_C, {"configure", "(^|/)cmake (-S|--preset)"}},
        .clear = {"build"},
    },
    {
        .name = "Meson",
        .markers = {"meson.build"},
        .build = "meson setup build && meson compile -C build -j2",
        .image = "gcc:14",
        .stages = {LINK_C, COMPILE_C},
        .clear = {"build"},
    },
    {
        .name = "ninja",
        .markers = {"build.ninja"},
        .build = "ninja -t clean && ninja -j2",
        .image = "gcc:14",
        .stages = {LINK_C, COMPILE_C},
    },
    {
        .name = "autotools",
        .markers = {"configure.ac"},
        .build = "autoreconf -i && ./configure && make -j2",
        .image = "gcc:14",
        .stages = {LINK_C, COMPILE_C},
    },
    {
        .name = "make",
        .markers = {"Makefile", "makefile", "GNUmakefile"},
        .build = "make -j2",
        .image = "gcc:14",
        .stages = {LINK_C, COMPILE_C},
    },
    {0},
};

const struct tool tools[] = {
    {
        .name = "Next.js",
        .ecosystem = "node",
        .markers = {"next.config.js", "next.config.mjs", "next.config.cjs", "next.config.ts"},
        .stage = {"next-build", "(^|[ /])next( |/dist/bin/next )build( |$)|^next-build \\(v"},
        .clear = {".next", "tsconfig.tsbuildinfo"},
        .artifacts = {".next/BUILD_ID"},
        .hints = {".next/routes-manifest.json", ".next/build-manifest.json"},
    },
    {
        .name = "Vite",
        .ecosystem = "node",
        .markers = {"vite.config.js", "vite.config.mjs", "vite.config.cjs", "vite.config.ts",
                    "vite.config.mts"},
        .stage = {"vite-build", "(^|[ /])vite(\\.js)? build( |$)"},
        .clear = {"dist"},
        .artifacts = {"dist"},
    },
    {
        .name = "webpack",
        .ecosystem = "node",
        .markers = {"webpack.config.js", "webpack.config.cjs", "webpack.config.mjs",
                    "webpack.config.ts"},
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
        .stage = {"tsc", PROGRAM("tsc(\\.js)?")},
    },
    /* Last: they run the others. */
    {
        .name = "nx",
        .ecosystem = "node",
        .markers = {"nx.json"},
        .stage = {"nx", PROGRAM("(nx|nx\\.js)")},
    },
    {
        .name = "Turborepo",
        .ecosystem = "node",
        .markers = {"turbo.json"},
        .stage = {"turbo", PROGRAM("turbo")},
    },
    {0},
};
