// Preloaded into every process of a build that was asked to misbehave (see README.md). Acts only in
// the process that PROCESS names: a program and an argument, as file names.
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

// glibc hands main's arguments to constructors.
__attribute__((constructor)) void hold(int argc, char **argv)
{
    if (argc < 1 || !is_file(argv[0], process[0]))
        return;
    for (int i = 1; i < argc; i++)
        if (is_file(argv[i], process[1])) {
            // Filled, so that every page is really there; never freed.
            if (void *held = std::malloc(hold_bytes))
                std::memset(held, 1, hold_bytes);
            std::fprintf(stderr, "misbehave: %s holds %d MB more\n", process[0], HOLD_MB);
            return;
        }
}

} // namespace
