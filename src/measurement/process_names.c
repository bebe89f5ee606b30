#include "measurement/process_names.h"

#include <stddef.h>

const struct program_rule program_rules[] = {
    /* script languages */
    {"node", PROGRAM_INTERPRETER, NULL},
    {"nodejs", PROGRAM_INTERPRETER, NULL},
    {"bun", PROGRAM_INTERPRETER, NULL},
    {"deno", PROGRAM_INTERPRETER, NULL},
    {"python", PROGRAM_INTERPRETER, NULL},
    {"python3", PROGRAM_INTERPRETER, NULL},
    {"ruby", PROGRAM_INTERPRETER, NULL},
    {"perl", PROGRAM_INTERPRETER, NULL},
    {"php", PROGRAM_INTERPRETER, NULL},
    /* C and C++ */
    {"cc1", PROGRAM_ALONE, NULL},
    {"cc1plus", PROGRAM_ALONE, NULL},
    {"lto1", PROGRAM_ALONE, NULL},
    {"gcc", PROGRAM_ALONE, NULL},
    {"g++", PROGRAM_ALONE, NULL},
    {"cc", PROGRAM_ALONE, NULL},
    {"c++", PROGRAM_ALONE, NULL},
    {"clang", PROGRAM_ALONE, NULL},
    {"clang++", PROGRAM_ALONE, NULL},
    {"as", PROGRAM_ALONE, NULL},
    {"collect2", PROGRAM_ALONE, NULL},
    {"ar", PROGRAM_ALONE, NULL},
    /* linkers */
    {"ld", PROGRAM_ALONE, NULL},
    {"ld.bfd", PROGRAM_ALONE, NULL},
    {"ld.gold", PROGRAM_ALONE, NULL},
    {"ld.lld", PROGRAM_ALONE, NULL},
    {"lld", PROGRAM_ALONE, NULL},
    {"rust-lld", PROGRAM_ALONE, NULL},
    {"mold", PROGRAM_ALONE, NULL},
    /* Rust, Go */
    {"rustc", PROGRAM_BY_OPTION, "--crate-name"},
    {"rustdoc", PROGRAM_BY_OPTION, "--crate-name"},
    {"clippy-driver", PROGRAM_BY_OPTION, "--crate-name"},
    {"compile", PROGRAM_BY_OPTION, "-p"},
    {"link", PROGRAM_ALONE, NULL},
    /* Java */
    {"java", PROGRAM_BY_CLASS, NULL},
    {"javac", PROGRAM_ALONE, NULL},
    {"kotlinc", PROGRAM_ALONE, NULL},
    {NULL, PROGRAM_PLAIN, NULL},
};

const struct script_rule script_rules[] = {
    /* workers: one name for all of a pool */
    {"next/dist/compiled/jest-worker/", "next build (worker)", true},
    {"jest-worker/build/", "jest (worker)", true},
    {".next/build/", "next build (turbopack)", true},
    {"thread-loader/dist/", "webpack (worker)", true},
    {"terser-webpack-plugin/", "webpack (terser)", true},
    {"fork-ts-checker-webpack-plugin/", "webpack (type check)", true},
    {"vitest/dist/", "vitest (worker)", true},
    {"nx/src/tasks-runner/", "nx (task)", true},
    {"nx/bin/run-executor", "nx (executor)", true},
    {"nx/src/daemon/", "nx (daemon)", true},
    {"nx/src/project-graph/plugins/", "nx (plugin worker)", true},
    /* programs by their entry point */
    {"npm/bin/npm-cli", "npm", false},
    {"npm/bin/npx-cli", "npx", false},
    {"pnpm/bin/pnpm", "pnpm", false},
    {"yarn/bin/yarn", "yarn", false},
    {".yarn/releases/yarn", "yarn", false},
    {"next/dist/bin/next", "next", false},
    {"nx/bin/nx", "nx", false},
    {"typescript/lib/tsserver", "tsserver", true},
    {"typescript/lib/_tsc", "tsc", false},
    {"typescript/lib/tsc", "tsc", false},
    {"assemblyscript/bin/asc", "asc", false},
    {"webpack/bin/webpack", "webpack", false},
    {"webpack-cli/bin/", "webpack", false},
    {"vite/bin/vite", "vite", false},
    {"rollup/dist/bin/rollup", "rollup", false},
    {"parcel/lib/bin", "parcel", false},
    {"eslint/bin/eslint", "eslint", false},
    {"@angular/cli/bin/ng", "ng", false},
    {"ninja-build", "ninja", false},
    {NULL, NULL, false},
};

const char *const java_value_options[] = {
    "-cp",         "-classpath",    "--class-path",  "-p", "--module-path",
    "--add-opens", "--add-modules", "--add-exports", NULL};
