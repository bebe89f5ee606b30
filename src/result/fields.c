#include "result/fields.h"

#include "measurement/measurement.h"

const char *const result_basis_names[] = {"measured", "estimated", "rss", NULL};

const struct field result_head_fields[] = {
    {"label", FIELD_TEXT, offsetof(struct measurement, label)},
    {"run", FIELD_OPTIONAL_TEXT, offsetof(struct measurement, run)},
    {"started_at", FIELD_TEXT, offsetof(struct measurement, started_at)},
    {"commit", FIELD_TEXT_OR_NULL, offsetof(struct measurement, commit)},
    {"not_measured", FIELD_TEXT_OR_NULL, offsetof(struct measurement, not_measured)},
    {0},
};

const struct field result_build_fields[] = {
    {"command", FIELD_TEXT, offsetof(struct build_end, command)},
    {"exit_code", FIELD_FIGURE, offsetof(struct build_end, exit_code)},
    {"signal", FIELD_SIGNAL_OR_NULL, offsetof(struct build_end, signal)},
    {"duration_ms", FIELD_FIGURE, offsetof(struct build_end, duration_ms)},
    {"cpu_ms", FIELD_FIGURE, offsetof(struct build_end, cpu_ms)},
    {"oom_killed", FIELD_FLAG, offsetof(struct build_end, oom_killed)},
    {"timed_out", FIELD_FLAG, offsetof(struct build_end, timed_out)},
    {"cached_steps", FIELD_OPTIONAL_COUNT, offsetof(struct build_end, cached_steps)},
    {0},
};

const struct field result_guard_fields[] = {
    {"stalled", FIELD_FLAG, offsetof(struct guard_end, stalled)},
    {"unreclaimable_bytes", FIELD_FIGURE, offsetof(struct guard_end, unreclaimable_bytes)},
    {"room_bytes", FIELD_FIGURE, offsetof(struct guard_end, room_bytes)},
    {0},
};

const struct field result_peak_fields[] = {
    {"cgroup_bytes", FIELD_FIGURE, offsetof(struct peak, cgroup_bytes)},
    {"source", FIELD_TEXT_OR_NULL, offsetof(struct peak, source)},
    {"estimated", FIELD_FLAG, offsetof(struct peak, estimated)},
    {"at_most_bytes", FIELD_FIGURE, offsetof(struct peak, at_most_bytes)},
    {"censored", FIELD_FLAG, offsetof(struct peak, at_limit)},
    {"limit_bytes", FIELD_FIGURE, offsetof(struct peak, limit_bytes)},
    {"shared", FIELD_FLAG, offsetof(struct peak, shared)},
    {"at_start_bytes", FIELD_FIGURE, offsetof(struct peak, at_start_bytes)},
    {"unreclaimable_bytes", FIELD_FIGURE, offsetof(struct peak, unreclaimable_bytes)},
    {"pss_bytes", FIELD_FIGURE, offsetof(struct peak, at_peak.pss_bytes)},
    {"stage", FIELD_TEXT_OR_NULL, offsetof(struct peak, stage)},
    {"at_ms", FIELD_FIGURE, offsetof(struct peak, at_peak.at_ms)},
    {"cgroup_at_ms_bytes", FIELD_FIGURE, offsetof(struct peak, at_peak.cgroup_bytes)},
    {"attributed_at_ms_bytes", FIELD_FIGURE, offsetof(struct peak, at_peak.attributed_bytes)},
    {0},
};

#define UNRECLAIMABLE(member) offsetof(struct peak, at_unreclaimable_peak.member)
const struct field result_unreclaimable_peak_fields[] = {
    {"bytes", FIELD_FIGURE, offsetof(struct peak, unreclaimable_bytes)},
    {"censored", FIELD_FLAG, offsetof(struct peak, unreclaimable_at_limit)},
    {"stage", FIELD_TEXT_OR_NULL, offsetof(struct peak, unreclaimable_stage)},
    {"at_ms", FIELD_FIGURE, UNRECLAIMABLE(at_ms)},
    {"at_ms_bytes", FIELD_FIGURE, UNRECLAIMABLE(unreclaimable_bytes)},
    {"cgroup_at_ms_bytes", FIELD_FIGURE, UNRECLAIMABLE(cgroup_bytes)},
    {"pss_bytes", FIELD_FIGURE, UNRECLAIMABLE(pss_bytes)},
    {0},
};

const struct field result_cgroup_fields[] = {
    {"directory", FIELD_TEXT_OR_NULL, offsetof(struct source_cgroup, directory)},
    {"version", FIELD_FIGURE, offsetof(struct source_cgroup, version)},
    {"seen_by", FIELD_TEXT_OR_NULL, offsetof(struct source_cgroup, seen_by)},
    {"proof", FIELD_TEXT_OR_NULL, offsetof(struct source_cgroup, proof)},
    {"inner_oom", FIELD_TEXT_OR_NULL, offsetof(struct source_cgroup, inner_oom)},
    {0},
};

const struct field result_pressure_fields[] = {
    {"some_us", FIELD_FIGURE, offsetof(struct pressure, some_us)},
    {"full_us", FIELD_FIGURE, offsetof(struct pressure, full_us)},
    {"refaults", FIELD_FIGURE, offsetof(struct pressure, refaults)},
    {"limit_hits", FIELD_FIGURE, offsetof(struct pressure, limit_hits)},
    {"oom_kills", FIELD_FIGURE, offsetof(struct pressure, oom_kills)},
    {"inner_oom_kills", FIELD_FIGURE, offsetof(struct pressure, inner_oom_kills)},
    {"swap_peak_bytes", FIELD_FIGURE, offsetof(struct pressure, swap_peak_bytes)},
    {"zswap_peak_bytes", FIELD_FIGURE, offsetof(struct pressure, zswap_peak_bytes)},
    {0},
};

const struct field result_log_cause_fields[] = {
    {"log_line", FIELD_TEXT_OR_NULL, offsetof(struct log_cause, line)},
    {"heap_bytes", FIELD_FIGURE, offsetof(struct log_cause, heap_bytes)},
    {"request_bytes", FIELD_FIGURE, offsetof(struct log_cause, request_bytes)},
    {0},
};

const struct field result_constraint_fields[] = {
    {"cgroup", FIELD_TEXT, offsetof(struct constraint, cgroup)},
    {"ancestor", FIELD_FIGURE, offsetof(struct constraint, ancestor)},
    {"limit_bytes", FIELD_FIGURE, offsetof(struct constraint, limit_bytes)},
    {"high_bytes", FIELD_FIGURE, offsetof(struct constraint, high_bytes)},
    {"swap_limit_bytes", FIELD_FIGURE, offsetof(struct constraint, swap_limit_bytes)},
    {"limit_hits", FIELD_FIGURE, offsetof(struct constraint, limit_hits)},
    {"high_hits", FIELD_FIGURE, offsetof(struct constraint, high_hits)},
    {0},
};

const struct field result_outside_daemon_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct outside_daemon, name)},
    {"processes", FIELD_FIGURE, offsetof(struct outside_daemon, processes)},
    {"cpu_ms", FIELD_FIGURE, offsetof(struct outside_daemon, cpu_ms)},
    {"asked_by", FIELD_TEXT_OR_NULL, offsetof(struct outside_daemon, asked_by)},
    {"fix", FIELD_TEXT, offsetof(struct outside_daemon, fix)},
    {0},
};

const struct field result_composition_fields[] = {
    {"anon_bytes", FIELD_FIGURE, offsetof(struct composition, anon_bytes)},
    {"file_bytes", FIELD_FIGURE, offsetof(struct composition, file_bytes)},
    {"shmem_bytes", FIELD_FIGURE, offsetof(struct composition, shmem_bytes)},
    {"kernel_bytes", FIELD_FIGURE, offsetof(struct composition, kernel_bytes)},
    {0},
};

const struct field result_stage_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct stage_measurement, name)},
    {"pss_peak_bytes", FIELD_FIGURE, offsetof(struct stage_measurement, pss_peak_bytes)},
    {"all_pss_peak_bytes", FIELD_FIGURE, offsetof(struct stage_measurement, all_pss_peak_bytes)},
    {"cgroup_peak_bytes", FIELD_FIGURE, offsetof(struct stage_measurement, cgroup_peak_bytes)},
    {"cgroup_peak_exact", FIELD_FLAG, offsetof(struct stage_measurement, cgroup_peak_exact)},
    {"unreclaimable_peak_bytes", FIELD_FIGURE,
     offsetof(struct stage_measurement, unreclaimable_peak_bytes)},
    {"oom_kills", FIELD_OPTIONAL_COUNT, offsetof(struct stage_measurement, oom_kills)},
    {"first_ms", FIELD_FIGURE, offsetof(struct stage_measurement, first_ms)},
    {"last_ms", FIELD_FIGURE, offsetof(struct stage_measurement, last_ms)},
    {"at_ms", FIELD_FIGURE, offsetof(struct stage_measurement, at_peak.at_ms)},
    {"cgroup_at_ms_bytes", FIELD_FIGURE, offsetof(struct stage_measurement, at_peak.cgroup_bytes)},
    {"pss_at_ms_bytes", FIELD_FIGURE, offsetof(struct stage_measurement, at_peak.pss_bytes)},
    {0},
};

const struct field result_process_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct process_usage, name)},
    {"pid", FIELD_FIGURE, offsetof(struct process_usage, pid)},
    {"pss_bytes", FIELD_FIGURE, offsetof(struct process_usage, pss_bytes)},
    {"hwm_bytes", FIELD_FIGURE, offsetof(struct process_usage, hwm_bytes)},
    {"basis", FIELD_BASIS, offsetof(struct process_usage, basis)},
    {"command", FIELD_TEXT, offsetof(struct process_usage, command)},
    {0},
};

const struct field result_mappings_fields[] = {
    {"at_ms", FIELD_FIGURE, offsetof(struct process_mappings, at_ms)},
    {"pss_bytes", FIELD_FIGURE, offsetof(struct process_mappings, pss_bytes)},
    {"huge_page_bytes", FIELD_FIGURE, offsetof(struct process_mappings, huge_page_bytes)},
    {"count", FIELD_FIGURE, offsetof(struct process_mappings, count)},
    {0},
};

const struct field result_mapped_fields[] = {
    {"name", FIELD_TEXT_OR_NULL, offsetof(struct mapped, name)},
    {"pss_bytes", FIELD_FIGURE, offsetof(struct mapped, pss_bytes)},
    {0},
};

const struct field result_deep_fields[] = {
    {"failure", FIELD_TEXT_OR_NULL, offsetof(struct deep_run, failure)},
    {"reported", FIELD_FIGURE, offsetof(struct deep_run, reported)},
    {0},
};

const struct field result_runtime_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct runtime_process, name)},
    {"pid", FIELD_FIGURE, offsetof(struct runtime_process, pid)},
    {"at_ms", FIELD_FIGURE, offsetof(struct runtime_process, at_ms)},
    {"rss_bytes", FIELD_FIGURE, offsetof(struct runtime_process, rss_bytes)},
    {"heap_bytes", FIELD_FIGURE, offsetof(struct runtime_process, heap_bytes)},
    {"heap_used_bytes", FIELD_FIGURE, offsetof(struct runtime_process, heap_used_bytes)},
    {"heap_committed_bytes", FIELD_FIGURE, offsetof(struct runtime_process, heap_committed_bytes)},
    {"native_bytes", FIELD_FIGURE, offsetof(struct runtime_process, native_bytes)},
    {"external_bytes", FIELD_FIGURE, offsetof(struct runtime_process, external_bytes)},
    {"array_buffers_bytes", FIELD_FIGURE, offsetof(struct runtime_process, array_buffers_bytes)},
    {"threads", FIELD_FIGURE, offsetof(struct runtime_process, threads)},
    {"command", FIELD_TEXT, offsetof(struct runtime_process, command)},
    {0},
};

const struct field result_runtime_part_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct runtime_part, name)},
    {"bytes", FIELD_FIGURE, offsetof(struct runtime_part, bytes)},
    {"used_bytes", FIELD_FIGURE, offsetof(struct runtime_part, used_bytes)},
    {0},
};

const struct field result_ledger_fields[] = {
    {"source", FIELD_PEAK_SOURCE, offsetof(struct process_ledger, source)},
    {"fallback", FIELD_TEXT_OR_NULL, offsetof(struct process_ledger, fallback)},
    {"count", FIELD_FIGURE, offsetof(struct process_ledger, count)},
    {"lost", FIELD_FIGURE, offsetof(struct process_ledger, lost)},
    {"overruns", FIELD_FIGURE, offsetof(struct process_ledger, overruns)},
    {"unnamed_rss_bytes", FIELD_FIGURE, offsetof(struct process_ledger, unnamed_rss_bytes)},
    {"cpu_ms", FIELD_FIGURE, offsetof(struct process_ledger, cpu_ms)},
    {0},
};

const struct field result_ledger_process_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct ledger_process, name)},
    {"item", FIELD_TEXT_OR_NULL, offsetof(struct ledger_process, item)},
    {"pid", FIELD_FIGURE, offsetof(struct ledger_process, pid)},
    {"parent", FIELD_FIGURE, offsetof(struct ledger_process, parent)},
    {"start_ms", FIELD_FIGURE, offsetof(struct ledger_process, start_ms)},
    {"end_ms", FIELD_FIGURE, offsetof(struct ledger_process, end_ms)},
    {"peak_rss_bytes", FIELD_FIGURE, offsetof(struct ledger_process, peak_rss_bytes)},
    {"source", FIELD_PEAK_SOURCE, offsetof(struct ledger_process, source)},
    {0},
};

const struct field result_ledger_group_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct ledger_group, name)},
    {"count", FIELD_FIGURE, offsetof(struct ledger_group, count)},
    {"p95_rss_bytes", FIELD_FIGURE, offsetof(struct ledger_group, p95_rss_bytes)},
    {0},
};

const struct field result_watched_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct watched_processes, name)},
    {"count", FIELD_FIGURE, offsetof(struct watched_processes, count)},
    {"peak_rss_bytes", FIELD_FIGURE, offsetof(struct watched_processes, peak_rss_bytes)},
    {"largest", FIELD_TEXT_OR_NULL, offsetof(struct watched_processes, largest)},
    {0},
};

const struct field result_verify_fields[] = {
    {"check", FIELD_TEXT, offsetof(struct verify_check, check)},
    {"path", FIELD_TEXT_OR_NULL, offsetof(struct verify_check, path)},
    {"required", FIELD_FLAG, offsetof(struct verify_check, required)},
    {"ok", FIELD_FLAG, offsetof(struct verify_check, ok)},
    {"detail", FIELD_TEXT, offsetof(struct verify_check, detail)},
    {0},
};

/* If the engine fails early, any of these can be null. */
const struct field result_environment_fields[] = {
    {"image", FIELD_TEXT_OR_NULL, offsetof(struct environment, image)},
    {"architecture", FIELD_TEXT_OR_NULL, offsetof(struct environment, architecture)},
    {"cpus", FIELD_NUMBER, offsetof(struct environment, cpus)},
    {"cache_policy", FIELD_CACHE_POLICY, offsetof(struct environment, cache_policy)},
    {"engine", FIELD_TEXT_OR_NULL, offsetof(struct environment, engine)},
    {"engine_version", FIELD_TEXT_OR_NULL, offsetof(struct environment, engine_version)},
    {"image_digest", FIELD_TEXT_OR_NULL, offsetof(struct environment, image_digest)},
    {"kernel", FIELD_TEXT_OR_NULL, offsetof(struct environment, kernel)},
    {"memory_total_bytes", FIELD_FIGURE, offsetof(struct environment, memory_total_bytes)},
    {"thp", FIELD_TEXT_OR_NULL, offsetof(struct environment, thp)},
    {0},
};

const struct field result_sampler_fields[] = {
    {"interval_ms", FIELD_FIGURE, offsetof(struct sampler_account, interval_ms)},
    {"samples", FIELD_FIGURE, offsetof(struct sampler_account, samples)},
    {"snapshots", FIELD_FIGURE, offsetof(struct sampler_account, snapshots)},
    {"cpu_ms", FIELD_FIGURE, offsetof(struct sampler_account, cpu_ms)},
    {"rss_peak_bytes", FIELD_FIGURE, offsetof(struct sampler_account, rss_peak_bytes)},
    {"vanished", FIELD_FIGURE, offsetof(struct sampler_account, vanished)},
    {"unreadable", FIELD_FIGURE, offsetof(struct sampler_account, unreadable)},
    {"largest_process_bytes", FIELD_FIGURE,
     offsetof(struct sampler_account, largest_process_bytes)},
    {0},
};
