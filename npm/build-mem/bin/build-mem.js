#!/usr/bin/env node
// Starts the program of @build-mem/linux-CPU in the place of this process, so that the memory of Node is
// not measured with the build (engine inplace), and signals, exit status and streams are the program's own.
"use strict";

const { accessSync, constants } = require("node:fs");
const { optionalDependencies } = require("../package.json");

// Ends as a check that could not measure.
function fail(message, hint) {
    console.error(`build-mem: ${message}\nhint: ${hint}`);
    process.exit(4);
}

function findProgram() {
    const name = `@build-mem/${process.platform}-${process.arch}`;
    if (!(name in optionalDependencies)) {
        fail(
            `${process.platform}-${process.arch} is not supported: build-mem reads memory counters of the Linux kernel`,
            "run it on Linux with x64 or arm64: in CI, in a Linux container or in WSL 2",
        );
    }
    try {
        const program = require.resolve(`${name}/bin/build-mem`);
        accessSync(program, constants.X_OK);
        return program;
    } catch (error) {
        if (error.code === "MODULE_NOT_FOUND") {
            fail(
                `the package ${name} is missing, which contains the programs for this machine`,
                "install on this machine and with optional dependencies: without --omit=optional or --no-optional",
            );
        }
        return fail(`cannot run ${error.path}: ${error.code}`, "install again, on a file system that is not mounted noexec");
    }
}

// Before Node 22.15, a process cannot be replaced: runs the program as a child, and passes on the signals that
// it takes. A signal of the terminal reaches both; the program ignores the second one.
function runAsChild(program, args) {
    const child = require("node:child_process").spawn(program, args, { stdio: "inherit", argv0: "build-mem" });
    const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
    for (const signal of signals) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => fail(`cannot run ${program}: ${error.code}`, "install again"));
    child.on("exit", (status, signal) => {
        if (signal === null) process.exit(status);
        for (const name of signals) process.removeAllListeners(name);
        process.kill(process.pid, signal);
    });
}

const program = findProgram();
const args = process.argv.slice(2);
if (process.execve) process.execve(program, ["build-mem", ...args]);
runAsChild(program, args);
