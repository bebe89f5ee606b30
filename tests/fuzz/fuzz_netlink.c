/* Parses netlink messages, and enters what they report in a ledger. */
#include "base/units.h"
#include "fuzz.h"
#include "ledger/ledger.h"

#define PROBE 26059 /* the parent in the fixtures */

static bool is_even(int pid)
{
    return pid % 2 == 0;
}

static void check(const struct process_ledger *summary)
{
    if (summary->lost > summary->count || (int64_t)summary->largest_count > summary->count)
        BM_BUG("more processes than the ledger has");
    for (size_t i = 0; i < summary->largest_count; i++)
        if (summary->largest[i].peak_rss_bytes < 0 ||
            (i && summary->largest[i].peak_rss_bytes > summary->largest[i - 1].peak_rss_bytes))
            BM_BUG("the largest processes are not sorted");
}

/* The input is one message, which is taken twice as each kind of message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ledger *ledger;
    static int messages;
    uint16_t id;
    int error;
    struct exit_record record;
    struct process_event event;
    struct process_ledger summary CLEANUP(process_ledger_release) = PROCESS_LEDGER_NONE;
    /* A new ledger for each message would be slow. */
    if (messages++ % 1000 == 0) {
        ledger_free(ledger);
        ledger = ledger_new();
        ledger_begin(ledger, PROBE, true, 0);
    }
    (void)parse_family_id(data, size, &id);
    if (parse_netlink_error(data, size, &error) == 0 && error < 0)
        BM_BUG("an errno is negative");
    for (int i = 0; i < 2; i++) {
        if (parse_process_event(data, size, &event) == 0) {
            ledger_fork(ledger, event.parent, event.pid, event.at_ns);
            ledger_exec(ledger, event.pid, i ? "cc1 a.c" : NULL, event.at_ns);
        }
        if (parse_exit_record(data, size, &record) == 0)
            ledger_exit(ledger, &record, 0, INT64_MAX / 2);
    }
    ledger_finish(ledger, is_even);
    ledger_summarise(ledger, &summary);
    check(&summary);
    return 0;
}
