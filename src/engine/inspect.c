#include "engine/inspect.h"

#include "base/alloc.h"
#include "base/json.h"

int parse_inspect(const char *text, struct engine_facts *facts, struct bm_error *err)
{
    struct json_document *document CLEANUP(cleanup_json_document) =
        json_parse(text, "inspect", err);
    if (!document || json_expect_array(json_root(document), err) < 0)
        return -1;
    const struct json *container = json_first(json_root(document)), *state, *value;
    const char *string;
    if (!container)
        return json_error(json_root(document), err, "no container");
    if (json_expect_object(container, err) < 0 ||
        json_require(container, "State", &state, err) < 0 || json_expect_object(state, err) < 0)
        return -1;
    value = json_member(state, "OOMKilled");
    if (value && json_expect_bool(value, &facts->oom_killed, err) < 0)
        return -1;
    value = json_member(container, "Image");
    if (value && json_expect_string(value, &string, err) < 0)
        return -1;
    if (value)
        facts->image_digest = xstrdup(string);
    value = json_member(state, "Error");
    if (value && json_is_string(value) && json_expect_string(value, &string, err) == 0 && *string)
        facts->failure = xstrdup(string);
    return 0;
}
