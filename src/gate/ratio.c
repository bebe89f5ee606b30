#include "gate/ratio.h"

#include "base/alloc.h"

#include <string.h>

#define ERROR_OF_ONE_SIDE 0.05
#define MOST_QUOTIENTS (RATIO_MOST_RUNS * RATIO_MOST_RUNS)

static int by_quotient(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Returns how many quotients to leave out at each end. With equal builds, each order of the runs is
 * equally likely, and the number of quotients below the true ratio has the distribution of Mann and
 * Whitney's U. `ways[m][u]`: the orders of the runs so far that have this U. */
static size_t quotients_outside(size_t base_count, size_t count)
{
    static double ways[RATIO_MOST_RUNS + 1][MOST_QUOTIENTS + 1];
    const size_t most = base_count * count;
    memset(ways, 0, sizeof ways);
    for (size_t m = 0; m <= count; m++)
        ways[m][0] = 1;
    for (size_t n = 1; n <= base_count; n++)
        for (size_t m = 1; m <= count; m++)
            for (size_t u = most + 1; u-- > 0;)
                /* The highest run is one of the base, above all m values; or it is a value. */
                ways[m][u] = (u >= m ? ways[m][u - m] : 0) + ways[m - 1][u];
    double all = 0, below = 0;
    for (size_t u = 0; u <= most; u++)
        all += ways[count][u];
    size_t outside = 0;
    while ((below += ways[count][outside]) <= ERROR_OF_ONE_SIDE * all)
        outside++;
    return outside ? outside - 1 : 0;
}

struct ratio ratio_of(const int64_t *base, size_t base_count, const int64_t *values, size_t count)
{
    double quotients[MOST_QUOTIENTS] = {0};
    size_t filled = 0;
    if (!base_count || !count || base_count > RATIO_MOST_RUNS || count > RATIO_MOST_RUNS)
        BM_BUG("number of runs out of range");
    for (size_t i = 0; i < base_count; i++)
        for (size_t j = 0; j < count; j++)
            quotients[filled++] = (double)values[j] / (double)base[i];
    qsort(quotients, filled, sizeof *quotients, by_quotient);
    size_t outside = quotients_outside(base_count, count);
    return (struct ratio){quotients[outside], quotients[filled - 1 - outside]};
}

enum ratio_position ratio_position(struct ratio ratio, double slack)
{
    if (ratio.lowest > 1 + slack)
        return RATIO_ABOVE;
    if (ratio.highest < 1 - slack)
        return RATIO_BELOW;
    return ratio.highest <= 1 + slack ? RATIO_WITHIN : RATIO_ACROSS;
}
