/* Any bytes as Stream Load headers, "name: value" lines: taken, or refused with a message; then `columns`,
 * JSON paths, and file names. */
#include "fuzz.h"
#include "intake/intake_int.h"

static void check_error(bool ok, GError *error)
{
    if (ok != (error == NULL)) {
        g_error("a result and an error that do not agree");
    }
    if (error && (!*error->message || !g_utf8_validate(error->message, -1, NULL))) {
        g_error("a refusal without words");
    }
    g_clear_error(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(IntakeOptions) options = intake_options_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", 200);
    for (size_t i = 0; lines[i]; i++) {
        char *colon = strchr(lines[i], ':');
        if (colon) {
            *colon = '\0';
            GError *error = NULL;
            bool ok = intake_options_set(options, lines[i], colon + 1, &error);
            check_error(ok, error);
        }
    }
    GError *error = NULL;
    bool ok = intake_options_check(options, &error);
    check_error(ok, error);
    if (options->columns) {
        error = NULL;
        g_autoptr(GPtrArray) items = intake_columns_parse(options->columns, &error);
        check_error(items != NULL, error);
    }
    error = NULL;
    IntakeJsonPath *path = intake_json_path_parse(text, &error);
    check_error(path != NULL, error);
    intake_json_path_free(path);
    intake_options_from_filename(options, text);
    return 0;
}
