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
    struct cgroup cgroup;
    int found = cgroup_resolve(mountinfo, self, "/nowhere", &cgroup);
    if (found == 0 ? strncmp(cgroup.directory, "/nowhere", 8) != 0 : cgroup.version != 0)
        BM_BUG("the cgroup is not below the root");
    return 0;
}
