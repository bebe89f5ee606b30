/* Reads what the largest processes at the best snapshot by usage map (/proc/PID/smaps).
 *
 * The kernel walks all pages of the process, about 15 us per MiB. A read has a budget of its own,
 * so it does not delay the reads of PSS. It takes place after the snapshot, between two polls, in
 * pieces of about 2 ms. Its result can thus be later than the snapshot, and has its own time. */
#ifndef BM_PROBE_MAPPINGS_H
#define BM_PROBE_MAPPINGS_H

#include <stdbool.h>
#include <stdint.h>

/* The processes whose mappings are read. */
#define MAPPINGS_PROCESSES 3

void mappings_init(void);

/* Continues a read, or begins one if it is due: the usage is still at its highest, and the budget
 * (0.05 % of the time) allows it. While memory grows (`flat` is false), a read may use half of the
 * budget. A read may exceed the budget, for at most 0.05 % of the time, once memory is flat, or if
 * the process has doubled. Of processes of about the same size, those that were read before are
 * preferred. `may_read`: the usage is not near the memory limit. */
void mappings_poll(int64_t t_ms, int64_t usage_bytes, bool flat, bool may_read);

/* Returns whether a read is not complete: poll soon. */
bool mappings_are_being_read(void);

/* Sends the mappings that were read for the last snapshot that was sent. At the end of a stage
 * (`last`), it also sends why others were not read. */
void mappings_send(bool last);

#endif
