/* Finds the memory cgroup. The input is /proc/self/mountinfo, a NUL and /proc/self/cgroup. */
#include "cgroup/cgroup.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *mountinfo CLEANUP(cleanup_free) = fuzz_text(data, size);
    size_t used = strlen(mountinfo) + 1;
    char *self CLEANUP(cleanup_free) =
        used < size ? fuzz_text(data + used, size - used)
                    : xstrdup("4:cpu,memory:/docker/0123\n1:name=systemd:/\n0::/user.slice/a b\n");
    static struct cgroup_candidates candidates;
    char path[CGROUP_PATH_MAX];
    for (int version = 1; version <= 2; version++) {
        candidates.count = 0;
        candidates.version = version;
        if (parse_cgroup_path(self, version, "memory", path, sizeof path) < 0)
            continue;
        size_t length = strlen(mountinfo);
        if (parse_mounts(mountinfo, length, "memory", path, "/nowhere", &candidates) > length)
            BM_BUG("the parsed length exceeds the text");
        for (size_t i = 0; i < candidates.count; i++) {
            const struct cgroup *cgroup = &candidates.items[i];
            if (strncmp(cgroup->directory, "/nowhere", 8) != 0 || cgroup->version != version)
                BM_BUG("the cgroup is not below the root");
            if (i > 0 && candidates.ranks[i] > candidates.ranks[i - 1])
                BM_BUG("the candidates are not in order of rank");
        }
    }
    return 0;
}
