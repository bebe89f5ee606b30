// Preloaded into each process of a build with BUILD_MEM_EXTRA (see README.md). Holds memory only in
// the process that PROCESS selects by the file names of its program and of an argument.
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr const char *process[] = {PROCESS};
constexpr std::size_t hold_bytes = std::size_t{HOLD_MB} << 20;

bool is_file(const char *path, const char *name)
{
    const char *slash = std::strrchr(path, '/');
    return std::strcmp(slash ? slash + 1 : path, name) == 0;
}

// glibc passes the arguments of main to constructors.
__attribute__((constructor)) void hold(int argc, char **argv)
{
    if (argc < 1 || !is_file(argv[0], process[0]))
        return;
    for (int i = 1; i < argc; i++)
        if (is_file(argv[i], process[1])) {
            // Writing allocates each page. The memory is never freed.
            if (void *held = std::malloc(hold_bytes))
                std::memset(held, 1, hold_bytes);
            std::fprintf(stderr, "misbehave: %s holds %d MB more\n", process[0], HOLD_MB);
            return;
        }
}

} // namespace
