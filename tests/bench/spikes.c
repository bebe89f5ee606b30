#include "bench/spikes.h"

#include "bench/workers.h"

#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 8

static const char *cgroup_directory;
static FILE *log_file;
static long long cache_bytes; /* page cache that stays charged during all spikes */

static long long peak_counter(const char *reset)
{
    char path[CGROUP_PATH_MAX + 64], text[64] = "";
    snprintf(path, sizeof path, "%s/memory.max_usage_in_bytes", cgroup_directory);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || (reset && write(fd, reset, 1) < 0) || pread(fd, text, sizeof text - 1, 0) < 0)
        abort();
    close(fd);
    return atoll(text);
}

/* Reads a sparse file, so that its page cache is charged to this cgroup. */
static void fill_page_cache(size_t mib)
{
    static char chunk[1 << 20];
    char path[] = "/var/tmp/bench.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)(mib * MIB)) < 0)
        abort();
    unlink(path); /* the open descriptor keeps the page cache */
    while (read(fd, chunk, sizeof chunk) > 0)
        ;
    cache_bytes = (long long)(mib * MIB);
}

/* Starts a process whose command line begins a stage, and resets the peak counter. */
static pid_t begin_stage(int number)
{
    char name[32];
    snprintf(name, sizeof name, "stage-%d-", number);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl("/proc/self/exe", name, "--nothing", (char *)NULL);
        _exit(1);
    }
    sleep_ms(150);
    (void)peak_counter("0");
    return pid;
}

static void end_stage(pid_t pid, long long begin_us, int hold_ms)
{
    fprintf(log_file, "spike %lld %lld %d %lld\n", begin_us, now_us(), hold_ms,
            peak_counter(NULL) - cache_bytes);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void spike(int number, const struct order *order, bool in_worker)
{
    pid_t stage = begin_stage(number);
    long long begin = now_us();
    if (in_worker) {
        order_worker(number % WORKERS, order);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            run_order(order);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    end_stage(stage, begin, order->hold_ms);
}

void run_spikes(const char *cgroup, FILE *log, size_t base_mib, size_t cache_mib)
{
    static const int holds_ms[] = {5, 20, 50, 5, 100, 150}, sizes_mib[] = {200, 300, 400, 500};
    int number = 0;
    cgroup_directory = cgroup;
    log_file = log;
    if (cache_mib)
        fill_page_cache(cache_mib);
    start_workers(WORKERS, base_mib);
    for (int size = 0; size < 4; size++)
        for (int hold = 0; hold < 6; hold++)
            spike(number++, &(struct order){sizes_mib[size], holds_ms[hold]},
                  (size + hold) % 2 == 1);
}

void run_copy_on_write(const char *cgroup, FILE *log)
{
    cgroup_directory = cgroup;
    log_file = log;
    char *memory = map_mib(300);
    touch(memory, 300);
    for (int number = 0; number < 6; number++) {
        pid_t stage = begin_stage(number), children[4];
        long long begin = now_us();
        for (int i = 0; i < 4; i++)
            if ((children[i] = fork()) == 0) {
                touch(memory + (size_t)i * 60 * MIB, (size_t)(10 * (number + 1)));
                sleep_ms(200);
                _exit(0);
            }
        for (int i = 0; i < 4; i++)
            waitpid(children[i], NULL, 0);
        end_stage(stage, begin, 200);
    }
}
