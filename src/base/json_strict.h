#ifndef BM_BASE_JSON_STRICT_H
#define BM_BASE_JSON_STRICT_H

/* Finds what cJSON takes although JSON has no such thing, or what would not arrive as it stands,
 * in a text that cJSON has accepted. Returns the place, with what it is in `*what` (static), or
 * NULL. Inside of base/ only. */
const char *json_loose_spot(const char *text, const char **what);

#endif
