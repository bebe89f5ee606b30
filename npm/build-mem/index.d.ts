// Made from doc/result.schema.json by tests/e2e/release. Do not edit.

/**
 * The verdict. If the run was not compared, it is pass, build-failed or inconclusive.
 */
export type Verdict =
    | "pass"
    | "improved"
    | "regressed"
    | "over-limit"
    | "build-failed"
    | "inconclusive"
    | "not-comparable"
    | "no-baseline";
/**
 * The processes of the build at the peak, largest first; for a stage, its 64 largest own processes. Empty if there was no snapshot.
 */
export type Processes = Process[];

/**
 * The file .build-mem/result-LABEL.json, and the JSON of the line [BUILD-MEM RESULT], which has no lists of processes. _bytes are bytes and _ms milliseconds; at_ms, first_ms and last_ms count from the start of the build. An unmeasured figure is null, never 0. If the run could not be measured, not_measured has the reason.
 */
export interface Result {
    $schema?: string;
    schema_version: 2;
    /**
     * The name of the run.
     */
    label: string;
    /**
     * If there were several runs: the label of the run that decided the verdict, or of the median run. This result has its figures; its log and its series have that label.
     */
    run?: string;
    /**
     * The start of the run, UTC, ISO 8601.
     */
    started_at: string;
    /**
     * The git commit of the repository. null: no git repository.
     */
    commit: string | null;
    /**
     * The reason why the figures are not valid. null: they are valid.
     */
    not_measured: string | null;
    verdict: Verdict;
    /**
     * The exit status of build-mem.
     */
    exit_code: number;
    /**
     * If the build failed, and the kernel's figures or the build's log show it: which memory ran out, or who ended the build.
     */
    cause?: {
        /**
         * The cause. The first four follow from the figures of the kernel and of build-mem, the others from log_line.
         */
        name:
            | "kernel-kill"
            | "limit-livelock"
            | "outside-killer"
            | "guard"
            | "killed-process"
            | "v8-heap"
            | "jvm-heap"
            | "jvm-metaspace"
            | "go"
            | "python"
            | "native"
            | "shm-full"
            | "disk-full";
        /**
         * The line of the build's log that reports it, without control characters. null: the kernel's figures show it.
         */
        log_line: string | null;
        /**
         * What the heap or the program held, by its own message. null: not reported.
         */
        heap_bytes: number | null;
        /**
         * The allocation that failed, by its own message. null: not reported.
         */
        request_bytes: number | null;
    };
    /**
     * How the build ended.
     */
    build: {
        /**
         * The build command, as typed.
         */
        command: string;
        /**
         * The exit status of the build. null: it ended by a signal, or its end is unknown.
         */
        exit_code: number | null;
        /**
         * The signal that ended the build. null: none.
         */
        signal: number | null;
        /**
         * The duration of the build, without the work of the engine.
         */
        duration_ms: number | null;
        /**
         * The CPU time of the processes of the build.
         */
        cpu_ms: number | null;
        /**
         * The kernel killed a process of the build because memory was exhausted.
         */
        oom_killed: boolean;
        /**
         * build-mem ended the build because of --timeout.
         */
        timed_out: boolean;
        /**
         * Of an image build: the number of RUN steps that came from the cache of the builder, and were not measured. Imported figures: of those without samples, which were cached, or shorter than the sampling interval of BuildKit. Absent: none.
         */
        cached_steps?: number;
        /**
         * build-mem ended the build because of --guard. Absent: it did not.
         */
        guard?: {
            /**
             * true: the processes of the build waited for memory most of the time. false: the unreclaimable memory reached the percentage of the room.
             */
            stalled: boolean;
            /**
             * The unreclaimable memory when the build was ended.
             */
            unreclaimable_bytes: number | null;
            /**
             * What the build could hold: the lowest memory limit with its swap, or without a limit the memory that was available at the start.
             */
            room_bytes: number | null;
        };
    };
    /**
     * The memory peak and its composition.
     */
    peak: {
        /**
         * The memory peak: the high-water mark of the memory charged to the cgroup.
         */
        cgroup_bytes: number | null;
        /**
         * The kernel file that the peak was read from. "buildkit": BuildKit recorded the figures, and build-mem import read them from a provenance attestation. Results with different sources are not comparable, except that an estimate with at_most_bytes can be compared with exact peaks.
         */
        source: string | null;
        /**
         * The kernel has no counter for it: the peak is the highest sample. It is false if the peak is the counter of a shared cgroup that could not be reset, and the highest sample is within 1 % of it. Imported figures: it is the peak of the highest step.
         */
        estimated: boolean;
        /**
         * For an estimated peak: the counter of a shared cgroup, which could not be reset. The true peak is between cgroup_bytes and this value. Else null.
         */
        at_most_bytes: number | null;
        /**
         * The usage reached a memory limit, of this cgroup or of an ancestor: the kernel may have reclaimed page cache, and the peak may be too low. The constraints name the limit.
         */
        censored: boolean;
        /**
         * The lowest memory limit of the cgroup and its ancestors. null: none.
         */
        limit_bytes: number | null;
        /**
         * Other processes share the cgroup (engine inplace): the figures include their memory.
         */
        shared: boolean;
        /**
         * The counter before the build started; in a shared cgroup, the usage.
         */
        at_start_bytes: number | null;
        /**
         * The peak of the unreclaimable memory.
         */
        unreclaimable_bytes: number | null;
        /**
         * The sum of PSS at at_ms.
         */
        pss_bytes: number | null;
        /**
         * The stage that had the memory peak.
         */
        stage: string | null;
        /**
         * The time of the snapshot with the highest usage; if another stage had the memory peak between two snapshots, the time of that stage's own snapshot.
         */
        at_ms: number | null;
        /**
         * The usage of the cgroup at at_ms.
         */
        cgroup_at_ms_bytes: number | null;
        /**
         * The part of the usage at at_ms that processes, page cache and kernel memory account for.
         */
        attributed_at_ms_bytes: number | null;
        composition: Composition;
    };
    /**
     * The peak of the unreclaimable memory, which a memory limit must hold: anonymous memory, shared memory, kernel memory without reclaimable slab, and the swap in use.
     */
    unreclaimable_peak: {
        /**
         * The highest sample.
         */
        bytes: number | null;
        /**
         * The usage reached a limit, and this figure came within 3 % of the lowest memory limit, or the kernel killed a process: the true need of the build is unknown.
         */
        censored: boolean;
        /**
         * The stage at at_ms.
         */
        stage: string | null;
        /**
         * The time of the snapshot with the most unreclaimable memory.
         */
        at_ms: number | null;
        /**
         * The unreclaimable memory at at_ms.
         */
        at_ms_bytes: number | null;
        /**
         * The usage of the cgroup at at_ms.
         */
        cgroup_at_ms_bytes: number | null;
        /**
         * The sum of PSS at at_ms.
         */
        pss_bytes: number | null;
        composition: Composition;
        processes_at_peak?: Processes;
    };
    /**
     * The stages in the order of their precedence.
     */
    stages: Stage[];
    processes_at_peak?: Processes;
    /**
     * processes_at_peak grouped by name, largest first.
     *
     * Items: The processes of one name.
     */
    process_groups_at_peak?: {
        /**
         * The name.
         */
        name: string;
        count: number;
        /**
         * The sum of their PSS.
         */
        pss_bytes: number | null;
    }[];
    /**
     * The checks of the exit status and of the artifacts.
     *
     * Items: One check.
     */
    verify: {
        /**
         * exit-status or artifact.
         */
        check: string;
        /**
         * The path of the artifact, relative to the repository; of an image build also "image NAME".
         */
        path: string | null;
        /**
         * true: the run is valid only if the check holds.
         */
        required: boolean;
        /**
         * true: the check holds.
         */
        ok: boolean;
        /**
         * The result as one line of text.
         */
        detail: string;
    }[];
    /**
     * Two results are comparable only if image, architecture, cpus and cache_policy are equal, and source and limit_bytes of the peak. Other differences are drift.
     */
    environment: {
        /**
         * The image reference; "host", "inplace" or "image" (an image build) without a container of build-mem.
         */
        image: string | null;
        /**
         * "x86_64".
         */
        architecture: string | null;
        /**
         * The CPUs that the build can use: the lower of its affinity and its quota, such as 0.5.
         */
        cpus: number | null;
        /**
         * The page cache before the build. Default: as-is.
         */
        cache_policy?: "as-is" | "warm" | "cold";
        /**
         * docker, podman, host, inplace or image.
         */
        engine: string | null;
        /**
         * As reported by the engine.
         */
        engine_version: string | null;
        /**
         * As reported by the engine.
         */
        image_digest: string | null;
        /**
         * uname -r.
         */
        kernel: string | null;
        /**
         * The memory of the machine.
         */
        memory_total_bytes: number | null;
        /**
         * Transparent huge pages: always, madvise or never.
         */
        thp: string | null;
        /**
         * The variables in the environment of the build that set the number of workers or the size of heaps.
         */
        variables: {
            [k: string]: string;
        };
    };
    /**
     * Only of a build of sweep: its point.
     */
    sweep?: {
        /**
         * The command, the commit, and what else decides the figures of a build.
         */
        settings: string;
        /**
         * The value of each knob, in the order of --vary.
         */
        knobs: {
            [k: string]: string;
        };
    };
    /**
     * The cost and the gaps of sampling.
     */
    sampler: {
        /**
         * The time between two samples.
         */
        interval_ms: number | null;
        /**
         * The number of samples.
         */
        samples: number | null;
        /**
         * The number of snapshots; each was the highest so far.
         */
        snapshots: number | null;
        /**
         * The CPU time of the probe.
         */
        cpu_ms: number | null;
        /**
         * The highest resident memory of the probe.
         */
        rss_peak_bytes: number | null;
        /**
         * The processes that ended while they were read. This is normal.
         */
        vanished: number | null;
        /**
         * The processes whose PSS could not be read: their RSS was used.
         */
        unreadable: number | null;
        /**
         * The highest resident memory of any process of the build that was reaped (ru_maxrss). It includes processes that were too short to be sampled; no sum includes it.
         */
        largest_process_bytes: number | null;
    };
    /**
     * The cgroup whose counters were read. null: none was found, and the figures come from the processes alone.
     */
    cgroup: {
        /**
         * As the runner sees it, or else the probe.
         */
        directory: string | null;
        /**
         * Of cgroups: 1 or 2.
         */
        version: number | null;
        /**
         * Who found it. In a container, the probe sees it at another path than the runner.
         */
        seen_by: "runner" | "probe" | null;
        /**
         * How it was verified that the build is in it.
         */
        proof: string | null;
        /**
         * A cgroup below it, made by the build, at whose limit the kernel killed a process. null: none that still existed at the end.
         */
        inner_oom: string | null;
    };
    /**
     * The cost of memory pressure to the build. null: the kernel does not count it.
     */
    pressure: {
        /**
         * memory.pressure: the time during which some tasks waited for memory.
         */
        some_us: number | null;
        /**
         * memory.pressure: the time during which all tasks waited for memory.
         */
        full_us: number | null;
        /**
         * The pages that were reclaimed and read again.
         */
        refaults: number | null;
        /**
         * How often the usage reached a memory limit or memory.high, over all constraints.
         */
        limit_hits: number | null;
        /**
         * The processes that the kernel killed because memory was exhausted: at the limit of the build's cgroup or of an ancestor, or on the whole machine.
         */
        oom_kills: number | null;
        /**
         * The processes that the kernel killed at limits that the build itself set on cgroups below its own. They do not fail the run. On cgroup v1, only cgroups that still exist at the end count.
         */
        inner_oom_kills: number | null;
        /**
         * The highest swap in use: memory.swap.peak, or the highest sample. The unreclaimable memory includes the swap of its moment, the memory peak does not.
         */
        swap_peak_bytes: number | null;
        /**
         * The highest sample of the memory that held compressed pages of swap (memory.stat: zswap). null: the kernel does not count it.
         */
        zswap_peak_bytes: number | null;
    };
    disturbance: Disturbance;
    /**
     * The deep run: one more run of the build, after the others, with the figures of Node.js and the JVM. It is not judged. Only a result of --deep has it, and not the line [BUILD-MEM RESULT].
     */
    deep?: {
        /**
         * Why its build failed or was not measured: figures can be missing. null: it succeeded.
         */
        failure: string | null;
        /**
         * The processes that reported figures.
         */
        reported: number | null;
        /**
         * Up to ten of these, highest RSS first.
         */
        processes: RuntimeProcess[];
        /**
         * Processes at the memory peak of the deep run that run Node.js or Java, and reported nothing: "node build.js (pid 12)".
         */
        silent: string[];
    };
    /**
     * The process ledger: the peak RSS of each process of the build. ledger-LABEL.csv lists all of them. A result of an earlier build-mem does not have it.
     */
    processes?: {
        /**
         * taskstats: the exit records of the kernel, exact and final. scan: VmHWM at the snapshots, a lower bound, without the processes that no snapshot shows. null: there is no ledger.
         */
        source: "taskstats" | "scan" | null;
        /**
         * The reason that taskstats was not used. null: it was used, or the build did not start.
         */
        fallback: string | null;
        /**
         * The processes in the ledger.
         */
        count: number | null;
        /**
         * The processes that ended without an exit record, so that their peak is unknown. null: the source is not taskstats.
         */
        lost: number | null;
        /**
         * How often the kernel dropped records because build-mem was too slow. If it is not 0, further processes can be missing. null: the source is not taskstats.
         */
        overruns: number | null;
        /**
         * The highest sum of the peak RSS of processes that lived at the same time and whose command lines build-mem could not read, because they ended too soon. A stage that needs more memory than these did not run if no process shows it. null: the source is not taskstats, or a peak is unknown.
         */
        unnamed_rss_bytes: number | null;
        /**
         * The CPU time that build-mem used for the ledger. null: the source is not taskstats.
         */
        cpu_ms: number | null;
        /**
         * The processes of each entry of "processes" in build-mem.json.
         */
        watched: {
            /**
             * The name in build-mem.json.
             */
            name: string;
            /**
             * The processes that match.
             */
            count: number | null;
            /**
             * The metric process:NAME: the peak RSS of the largest one. null: no process matches, or the source is not taskstats.
             */
            peak_rss_bytes: number | null;
            /**
             * The name and the item of that process. null: there is none.
             */
            largest: string | null;
        }[];
        /**
         * The ten processes with the largest peak RSS, largest first. Processes share pages, so their peaks have no sum.
         *
         * @maxItems 10
         */
        largest?:
            | []
            | [LedgerProcess]
            | [LedgerProcess, LedgerProcess]
            | [LedgerProcess, LedgerProcess, LedgerProcess]
            | [LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess]
            | [LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess]
            | [LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess]
            | [LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess, LedgerProcess]
            | [
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess
              ]
            | [
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess
              ]
            | [
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess,
                  LedgerProcess
              ];
        /**
         * The processes by name, if several have the same name: the ten groups with the largest p95_rss_bytes, largest first. A result of an earlier build-mem does not have it.
         */
        groups?: {
            /**
             * The name of the processes.
             */
            name: string;
            /**
             * The processes whose peak RSS is known.
             */
            count: number | null;
            /**
             * At least 95 % of these processes have at most this peak RSS.
             */
            p95_rss_bytes: number | null;
        }[];
    };
    /**
     * The cgroups whose limits apply to the build, from its own upwards. Cgroups without a limit are absent.
     */
    constraints: {
        /**
         * The directory of the cgroup.
         */
        cgroup: string;
        /**
         * 0: the cgroup of the build. 1: its parent.
         */
        ancestor: number;
        /**
         * memory.max. null: none.
         */
        limit_bytes: number | null;
        /**
         * memory.high, above which the kernel reclaims memory and slows the build. null: none.
         */
        high_bytes: number | null;
        /**
         * The limit on swap. null: none.
         */
        swap_limit_bytes: number | null;
        /**
         * How often the usage reached the memory limit during the build. null: not counted.
         */
        limit_hits: number | null;
        /**
         * How often the usage exceeded memory.high during the build. null: not counted.
         */
        high_hits: number | null;
    }[];
    /**
     * The daemons outside of the cgroup of the build that may have worked for it. Their memory is not in the figures.
     */
    outside_daemons: {
        /**
         * What it is: "Gradle daemon".
         */
        name: string;
        /**
         * The number of its processes. 0: none was seen, but a command of the build asks it.
         */
        processes: number;
        /**
         * The CPU time that they and their descendants used during the build. null: unknown.
         */
        cpu_ms: number | null;
        /**
         * The command of the build that asks it: "docker build". null: none is known.
         */
        asked_by: string | null;
        /**
         * How to build without it.
         */
        fix: string;
    }[];
    /**
     * The judgement. null: nothing was judged.
     */
    gate: null | Gate;
}
/**
 * The composition of the charged memory at the peak, from memory.stat. The parts do not overlap.
 */
export interface Composition {
    /**
     * memory.stat: anon; on cgroup v1 total_rss
     */
    anon_bytes: number | null;
    /**
     * memory.stat: file without shmem
     */
    file_bytes: number | null;
    /**
     * memory.stat: shmem
     */
    shmem_bytes: number | null;
    /**
     * memory.stat: kernel; on cgroup v1 memory.kmem.usage_in_bytes
     */
    kernel_bytes: number | null;
}
/**
 * One process at a peak.
 */
export interface Process {
    /**
     * A short name: "next build", "tsc".
     */
    name: string;
    /**
     * The process id in the PID namespace of the build.
     */
    pid: number | null;
    /**
     * Its proportional set size.
     */
    pss_bytes: number | null;
    /**
     * VmHWM: its highest resident memory. If the process ended before that was read, a lower bound.
     */
    hwm_bytes: number | null;
    /**
     * The source of pss_bytes. measured: read for this snapshot, or its size if it shares no memory; estimated: computed from the last measured ratio; rss: the resident size, an upper bound.
     */
    basis: "measured" | "estimated" | "rss";
    /**
     * Its command line; a very long one is cut.
     */
    command: string;
    mappings?: Mappings;
}
/**
 * What the process maps. Only the largest processes at the memory peak have it. It was read beside the snapshot, in the time that reads may take.
 */
export interface Mappings {
    /**
     * Why the mappings were not read; null: they were. ended: the process had ended; budget: the time that reads may take was used up, or the peak was too short; near-limit: the usage was near the memory limit; refused: /proc/PID/smaps could not be read.
     */
    unread: "ended" | "budget" | "near-limit" | "refused" | null;
    /**
     * When they were read.
     */
    at_ms: number | null;
    /**
     * The proportional set size of the process then: the sum of the parts.
     */
    pss_bytes: number | null;
    /**
     * The resident part of it in transparent huge pages.
     */
    huge_page_bytes: number | null;
    /**
     * The number of mappings.
     */
    count: number | null;
    /**
     * The PSS by kind, and of the largest names, largest first.
     */
    parts: {
        /**
         * heap: [heap], what malloc takes with brk; anonymous: private memory without a name, most heaps of runtimes; stacks: of threads, found by their guard pages; code: anonymous memory that can be executed, such as the code of a JIT; named: private memory that the program named; shared: shared memory (shmem); files: mapped files.
         */
        kind: "heap" | "anonymous" | "stacks" | "code" | "named" | "shared" | "files";
        /**
         * The file, or the name. null: all others of this kind.
         */
        name: string | null;
        /**
         * The proportional set size of the part.
         */
        pss_bytes: number | null;
    }[];
}
/**
 * A part of the build.
 */
export interface Stage {
    /**
     * The name in build-mem.json; "setup" is the time before the first stage, and the processes of no stage.
     */
    name: string;
    /**
     * The highest sampled PSS of the stage's own processes: those that match its pattern, and their descendants that match no other. It includes mapped files, whose pages can be charged to another cgroup, so it can exceed cgroup_peak_bytes. null: the stage was too short to measure.
     */
    pss_peak_bytes: number | null;
    /**
     * The highest sampled PSS of all processes of the build while the stage was current. null: it was never current, because it only ran beside stages that precede it.
     */
    all_pss_peak_bytes: number | null;
    /**
     * The memory peak of the cgroup while the stage was current; of a step of an image build, that of its own cgroup.
     */
    cgroup_peak_bytes: number | null;
    /**
     * true: read from the counter of the kernel; false: the highest sample, a lower bound. Of a step of an image build, true: the counter was read after the last process had ended.
     */
    cgroup_peak_exact: boolean;
    /**
     * The highest sample of the unreclaimable memory while the stage was current.
     */
    unreclaimable_peak_bytes: number | null;
    /**
     * Of a step of an image build: its processes that the kernel killed for lack of memory, as its own cgroup counts them. Absent: none.
     */
    oom_kills?: number;
    /**
     * The time at which the stage was first seen. null: it was not seen.
     */
    first_ms: number | null;
    /**
     * The time at which the stage was last seen.
     */
    last_ms: number | null;
    /**
     * The time of the PSS peak of the stage. null: there is none.
     */
    at_ms: number | null;
    /**
     * The usage of the cgroup at at_ms.
     */
    cgroup_at_ms_bytes: number | null;
    /**
     * The PSS of the stage's own processes at at_ms.
     */
    pss_at_ms_bytes: number | null;
    processes_at_peak?: Processes;
}
/**
 * What slowed or disturbed the build: totals during the run, in microseconds and bytes. null: not counted.
 */
export interface Disturbance {
    /**
     * cpu.pressure of the build's cgroup: the time during which some tasks waited for a CPU. It includes the time that a CPU quota stopped them.
     */
    cpu_some_us: number | null;
    /**
     * io.pressure: the time during which some tasks waited for I/O.
     */
    io_some_us: number | null;
    /**
     * io.pressure: the time during which all tasks waited for I/O.
     */
    io_full_us: number | null;
    /**
     * Without cpu.pressure: the sum of the times that the main threads of the processes waited for a CPU, at the last read of each. It includes the time that a CPU quota stopped them.
     */
    run_delay_us: number | null;
    /**
     * The time that CPU quotas stopped the cgroup of the build or an ancestor.
     */
    throttled_us: number | null;
    /**
     * The CPU time that the hypervisor took from the CPUs that the build may use.
     */
    steal_us: number | null;
    /**
     * The CPU time of all other work on the CPUs that the build may use.
     */
    other_cpu_us: number | null;
    /**
     * The number of CPUs that the build may use, times the duration.
     */
    cpu_capacity_us: number | null;
    /**
     * What the whole machine read from swap.
     */
    swap_in_bytes: number | null;
    /**
     * What the whole machine wrote to swap.
     */
    swap_out_bytes: number | null;
}
/**
 * A process of the deep run at its highest RSS, by the figures of its runtime.
 */
export interface RuntimeProcess {
    /**
     * v8: Node.js; jvm: a HotSpot JVM.
     */
    runtime: "v8" | "jvm";
    /**
     * A short name: "next build", "tsc".
     */
    name: string;
    /**
     * The process id in the PID namespace of the build.
     */
    pid: number | null;
    /**
     * When the figures were read, from the start of the deep run.
     */
    at_ms: number | null;
    /**
     * Its resident set size then.
     */
    rss_bytes: number | null;
    /**
     * The resident part of the heap; v8: of all its threads. jvm: null if its garbage collector does not print the address of the heap.
     */
    heap_bytes: number | null;
    /**
     * v8: what objects use in the heaps, with garbage. jvm: null.
     */
    heap_used_bytes: number | null;
    /**
     * jvm: what is committed for the Java heap, the most that can be resident. v8: null.
     */
    heap_committed_bytes: number | null;
    /**
     * rss_bytes without heap_bytes, and at least 0: external memory, native code, and mapped files. If heap_bytes is null, the least that it is.
     */
    native_bytes: number | null;
    /**
     * v8: memory outside of the heap that objects hold. jvm: null.
     */
    external_bytes: number | null;
    /**
     * v8: the part of external_bytes in array buffers, such as Buffers. jvm: null.
     */
    array_buffers_bytes: number | null;
    /**
     * v8: the threads that reported a heap. jvm: null.
     */
    threads: number | null;
    /**
     * Its command line; a very long one is cut.
     */
    command: string;
    /**
     * v8: the spaces of the heaps. jvm: the categories of native memory tracking, with the Java heap. Largest first; empty ones are left out.
     */
    parts: {
        /**
         * As the runtime names it.
         */
        name: string;
        /**
         * v8: resident; jvm: committed.
         */
        bytes: number | null;
        /**
         * v8: used by objects; jvm: null.
         */
        used_bytes: number | null;
    }[];
}
/**
 * One process, from its start to its end.
 */
export interface LedgerProcess {
    /**
     * A short name: "cc1plus", "tsc".
     */
    name: string;
    /**
     * What it worked on: a source file, crate, package or project. null: unknown.
     */
    item: string | null;
    /**
     * The process id: of taskstats in the PID namespace of build-mem, of a scan in that of the build.
     */
    pid: number | null;
    /**
     * The process that forked it. null: unknown.
     */
    parent: number | null;
    /**
     * Its start. null: unknown.
     */
    start_ms: number | null;
    /**
     * Its end. null: unknown.
     */
    end_ms: number | null;
    /**
     * The highest resident memory of its last program.
     */
    peak_rss_bytes: number | null;
    /**
     * The source of the peak. null: the peak is unknown.
     */
    source: "taskstats" | "scan" | null;
}
/**
 * The judgement.
 */
export interface Gate {
    /**
     * The path of the baseline file, as given.
     */
    baseline: string | null;
    /**
     * With check --relative: the commit that was measured beside the runs.
     */
    merge_base?: {
        /**
         * Its full name.
         */
        commit: string;
        /**
         * The ref that it is the merge base with.
         */
        ref: string;
    };
    verdict: Verdict;
    /**
     * The reason of a verdict other than pass.
     */
    reason: string | null;
    /**
     * The next step.
     */
    advice: string | null;
    /**
     * Further notes: the reason of another run, drift from the baseline.
     */
    notes: string[];
    /**
     * One finding per metric.
     */
    findings: Finding[];
}
/**
 * The outcome for one metric. Its figures are in its unit.
 */
export interface Finding {
    /**
     * cgroup_peak, unreclaimable_peak, duration, stage:NAME, stage_unreclaimable:NAME or process:NAME.
     */
    metric: string;
    unit: "bytes" | "ms";
    level: "off" | "warn" | "fail";
    status: "pass" | "improved" | "warned" | "failed" | "missing" | "off";
    /**
     * The median of the accepted values. null: the metric is not in the baseline.
     */
    baseline: number | null;
    /**
     * The highest value that passes, by the tolerance and by the budget.
     */
    allowed: number | null;
    /**
     * The median of the runs. null: the metric is not in these runs.
     */
    actual: number | null;
    /**
     * actual - baseline.
     */
    delta: number | null;
    /**
     * The absolute cap: the lower one of build-mem.json and of the baseline. null: none.
     */
    budget: number | null;
    /**
     * budget - the highest value of the runs. null: no budget, or no value.
     */
    headroom: number | null;
    /**
     * A run exceeded the budget of the metric, or reached the memory limit.
     */
    over_budget: boolean;
    /**
     * The values of all judged runs.
     */
    values: number[];
    /**
     * With check --relative: the interval of the ratio of this build to the merge base.
     */
    ratio?: {
        lowest: number;
        highest: number;
    };
    /**
     * One line: what changed, by how much, and what is allowed.
     */
    message: string | null;
    /**
     * The largest processes at the peak, such as "tsc ×2, 469.0 MiB". null: unknown, or the finding has no fault.
     */
    largest: string | null;
}
