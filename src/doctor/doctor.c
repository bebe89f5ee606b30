#include "doctor/doctor.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/trace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void doctor_release(struct doctor *doctor)
{
    diagnoses_release(&doctor->machine);
    for (size_t i = 0; i < ENGINES; i++)
        trial_release(&doctor->trials[i]);
    free(doctor->directory);
    *doctor = (struct doctor){0};
}

/* ---- the directory of the trials ---- */

/* Removes the directories whose runner was killed. */
static void remove_orphans(const char *parent)
{
    DIR *directory = opendir(parent);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (engine_name_is_orphan(entry->d_name))
            (void)file_remove_tree(dirfd(directory), entry->d_name);
    if (directory)
        closedir(directory);
}

static void remove_directory(const char *path)
{
    if (file_remove_tree(AT_FDCWD, path) < 0)
        trace("doctor: cannot remove %s", path);
}

/* A full disk can still make directories. Returns 0, or -1 with errno. */
static int write_block(const char *directory)
{
    static const char block[65536];
    char *path CLEANUP(cleanup_free) = xasprintf("%s/block", directory);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    ssize_t put = write(fd, block, sizeof block);
    if (put >= 0 && put < (ssize_t)sizeof block)
        errno = ENOSPC;
    int saved = errno;
    int closed = close(fd); /* a network file system reports a full disk here */
    unlink(path);
    if (put < (ssize_t)sizeof block)
        errno = saved;
    return put < (ssize_t)sizeof block || closed < 0 ? -1 : 0;
}

/* Makes a directory in which files can be written. Returns its path, which the caller owns, or
 * NULL. */
static char *make_directory(const char *parent, struct bm_error *err)
{
    char *name CLEANUP(cleanup_free) = engine_unique_name();
    char *path CLEANUP(cleanup_free) =
        xasprintf("%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
    remove_orphans(parent);
    if (mkdir(path, 0755) < 0) {
        bm_error_errno(err, "%s", parent);
        return NULL;
    }
    if (write_block(path) < 0) {
        bm_error_errno(err, "%s", parent);
        remove_directory(path);
        return NULL;
    }
    return steal_ptr(path);
}

/* The build of the user is in the working directory, so the engine must see that file system. */
static char *choose_directory(struct diagnoses *diagnoses)
{
    struct bm_error here CLEANUP(bm_error_release) = BM_ERROR_INIT;
    struct bm_error temporary CLEANUP(bm_error_release) = BM_ERROR_INIT;
    char *working CLEANUP(cleanup_free) = getcwd(NULL, 0);
    char *directory = working ? make_directory(working, &here)
                              : (bm_error_errno(&here, "the working directory"), NULL);
    if (directory)
        return directory;
    const char *place = getenv("TMPDIR");
    char *real CLEANUP(cleanup_free) = realpath(place && *place ? place : "/tmp", NULL);
    directory = real ? make_directory(real, &temporary)
                     : (bm_error_errno(&temporary, "the directory $TMPDIR"), NULL);
    diagnoses_add(diagnoses, "directory", directory ? DIAGNOSIS_LIMITED : DIAGNOSIS_MISSING,
                  directory ? xasprintf("%s; the trials ran in %s instead", here.message, real)
                            : xasprintf("%s; and %s", here.message, temporary.message),
                  "run doctor in a directory in which you can write, on a disk with free space");
    return directory;
}

/* ---- the trials ---- */

/* The engine host comes last: it can move this process into a scope of its own, which the engine
 * inplace would measure. */
static void try_all(struct doctor *doctor, const char *image, doctor_progress *progress)
{
    for (size_t i = 0; i < ENGINES; i++) {
        measurement_init(&doctor->trials[i].measured);
        doctor->trials[i].engine = engines[i];
    }
    for (int host = 0; host < 2; host++)
        for (size_t i = 0; i < ENGINES && doctor->directory && !interrupt_signal(); i++) {
            if ((engines[i] == &engine_host) != host)
                continue;
            if (progress)
                progress(engines[i]->name);
            char *own CLEANUP(cleanup_free) =
                xasprintf("%s/%s", doctor->directory, engines[i]->name);
            struct bm_error err CLEANUP(bm_error_release) = BM_ERROR_INIT;
            if (file_make_dirs(own, &err) == 0)
                trial_run(engines[i], own, image, &doctor->trials[i]);
            else
                doctor->trials[i].reason = steal_ptr(err.message);
        }
}

static void choose_best(struct doctor *doctor)
{
    const struct trial *of_auto = NULL;
    bool refuses = false; /* auto ends at an engine that gives no answer */
    for (size_t i = 0; i < ENGINES; i++) {
        const struct trial *trial = &doctor->trials[i];
        refuses |= trial->silent && !of_auto;
        if (!of_auto && trial->state != TRIAL_ABSENT)
            of_auto = trial;
        if (trial->state < TRIAL_LIMITED)
            continue;
        if (!doctor->best || (trial_can_gate(trial) && !trial_can_gate(doctor->best)))
            doctor->best = trial;
    }
    doctor->auto_is_best = doctor->best && of_auto == doctor->best && !refuses;
}

void doctor_examine(struct doctor *doctor, const char *image, doctor_progress *progress)
{
    *doctor = (struct doctor){0};
    diagnose_machine(&doctor->machine);
    doctor->directory = choose_directory(&doctor->machine);
    try_all(doctor, image, progress);
    if (doctor->directory)
        remove_directory(doctor->directory);
    choose_best(doctor);
}
