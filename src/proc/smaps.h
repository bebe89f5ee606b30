/* /proc/PID/smaps: the PSS of a process by kind of mapping.
 *
 * libc only, without allocation, as proc.h. The text of a process can have megabytes, so it is
 * parsed in pieces. Source: Documentation/filesystems/proc.rst of the kernel. */
#ifndef BM_PROC_SMAPS_H
#define BM_PROC_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mapping_kind {
    MAPPING_HEAP,      /* [heap]: what malloc(3) takes with brk(2) */
    MAPPING_ANONYMOUS, /* private memory without a name: mmap(2), most heaps of runtimes */
    /* [stack], and private memory right above a guard page: the stack of a thread */
    MAPPING_STACK,
    MAPPING_CODE,   /* private memory without a file that can be executed: code of a JIT */
    MAPPING_NAMED,  /* private memory that the program named, and the kernel's [vdso] */
    MAPPING_SHARED, /* shared memory (shmem): POSIX, System V, memfd or anonymous */
    MAPPING_FILE,   /* a file, also its private pages */
    MAPPING_KINDS,
};

/* Why the mappings of a process were not read (probe/mappings.h). */
enum mappings_unread {
    MAPPINGS_READ,       /* they were read */
    MAPPINGS_ENDED,      /* the process had ended */
    MAPPINGS_BUDGET,     /* the time that reads may take was used up */
    MAPPINGS_NEAR_LIMIT, /* the usage was near the memory limit */
    MAPPINGS_REFUSED,    /* /proc/PID/smaps could not be read */
    MAPPINGS_UNREAD_COUNT,
};

/* The end of a longer name is kept. */
#define MAPPING_NAME_MAX 255
#define SMAPS_NAMES_MAX 32
#define SMAPS_LINE_MAX 4608 /* a path of 4096 bytes, and what precedes it */
/* The items of a list: the largest names, and the rest of each kind. */
#define SMAPS_LIST_NAMES 8
#define SMAPS_LIST_MAX (SMAPS_LIST_NAMES + MAPPING_KINDS)

struct smaps_item {
    enum mapping_kind kind;
    int64_t pss_bytes;
    char name[MAPPING_NAME_MAX + 1]; /* "": all mappings of this kind that are not listed by name */
};

struct smaps {
    int64_t count; /* mappings */
    int64_t pss_bytes;
    int64_t huge_page_bytes; /* the resident part of it that is in transparent huge pages */
    int64_t kind_bytes[MAPPING_KINDS];
    /* The names with the most PSS. A name that no longer fits counts only in its kind. */
    struct smaps_item names[SMAPS_NAMES_MAX];
    size_t name_count;

    /* The state of the parser: the line and the mapping that are not complete. */
    char line[SMAPS_LINE_MAX];
    size_t length;
    bool in_mapping, has_pss;
    struct smaps_item mapping;
    uint64_t guard_end; /* the end of the last mapping if that is a guard page; else 0 */
};

void smaps_init(struct smaps *smaps);
/* Adds the next piece of the text. Returns 0, or -1 if it does not have the kernel's format. */
int smaps_add(struct smaps *smaps, const char *text, size_t length);
/* Call at the end of the text. Returns 0, or -1 if the text is incomplete. */
int smaps_finish(struct smaps *smaps);
/* Lists the kinds and the names with at least 1 % of the PSS, largest first. Their sum is the PSS
 * of all mappings. Returns the number of items in `list`, which has SMAPS_LIST_MAX. */
size_t smaps_list(const struct smaps *smaps, struct smaps_item *list);

#endif
