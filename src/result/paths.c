#include "result/result.h"

#include "base/alloc.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static int is_result_name(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return strncmp(entry->d_name, "result-", 7) == 0 && length > 12 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

int result_paths(const char *path, struct strv *paths, struct bm_error *err)
{
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode)) {
        strv_push(paths, path);
        return 0;
    }
    struct dirent **entries;
    int count = scandir(path, &entries, is_result_name, versionsort);
    if (count < 0)
        return bm_error_errno(err, "%s", path);
    for (int i = 0; i < count; i++) {
        strv_pushf(paths, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return count ? 0 : bm_error_set(err, "%s: no result-*.json in this directory", path);
}
