/* The error table and errors that carry hint, place and what did not happen.
 *
 * The additions live in the error's private data (g_error_copy copies them, g_error_free frees them). */
#include "base/error.h"

#include "base/text.h"

typedef struct {
    char *hint;
    char *not_done;
    char *file;
    unsigned line, column;
} BaseErrorPrivate;

static void base_error_private_init(BaseErrorPrivate *priv)
{
    *priv = (BaseErrorPrivate){0};
}

static void base_error_private_copy(const BaseErrorPrivate *from, BaseErrorPrivate *to)
{
    to->hint = g_strdup(from->hint);
    to->not_done = g_strdup(from->not_done);
    to->file = g_strdup(from->file);
    to->line = from->line;
    to->column = from->column;
}

static void base_error_private_clear(BaseErrorPrivate *priv)
{
    g_free(priv->hint);
    g_free(priv->not_done);
    g_free(priv->file);
}

/* GLib's macro itself casts const away. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
G_DEFINE_EXTENDED_ERROR(BaseError, base_error)
#pragma GCC diagnostic pop

static const BaseErrorInfo INFOS[] = {
#define X(name, number, http, mysql, state, exit, retry, title_en, title_zh, text_en, text_zh)               \
    {BASE_E_##name, #name, http, mysql, state, exit, retry, title_en, title_zh, text_en, text_zh},
#include "base/error_codes.h"
#undef X
};

/* Messages quote what clients sent, and cut it: bytes that are not UTF-8 would spoil the JSON that carries
 * them. */
static char *valid_utf8(char *text)
{
    if (g_utf8_validate(text, -1, NULL)) {
        return text;
    }
    char *valid = g_utf8_make_valid(text, -1);
    g_free(text);
    return valid;
}

bool base_fail(GError **error, BaseErrorCode code, const char *format, ...)
{
    if (error != NULL) {
        va_list args;
        va_start(args, format);
        /* A second failure while the first is pending would be a bug in the caller; GLib warns. */
        GError *made = g_error_new_valist(BASE_ERROR, (int)code, format, args);
        va_end(args);
        made->message = valid_utf8(made->message);
        g_propagate_error(error, made);
    }
    return false;
}

static BaseErrorPrivate *private_of(GError **error)
{
    if (error == NULL || *error == NULL || (*error)->domain != BASE_ERROR) {
        return NULL;
    }
    return base_error_get_private(*error);
}

static const BaseErrorPrivate *private_of_const(const GError *error)
{
    if (error == NULL || error->domain != BASE_ERROR) {
        return NULL;
    }
    return base_error_get_private(error);
}

void base_error_hint(GError **error, const char *format, ...)
{
    BaseErrorPrivate *priv = private_of(error);
    if (priv == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    char *hint = valid_utf8(g_strdup_vprintf(format, args));
    va_end(args);
    g_free(priv->hint);
    priv->hint = hint;
}

void base_error_place(GError **error, const char *file, unsigned line, unsigned column)
{
    BaseErrorPrivate *priv = private_of(error);
    if (priv == NULL) {
        return;
    }
    char *copy = g_strdup(file);
    g_free(priv->file);
    priv->file = copy;
    priv->line = line;
    priv->column = column;
}

void base_error_not_done(GError **error, const char *sentence)
{
    BaseErrorPrivate *priv = private_of(error);
    if (priv == NULL) {
        return;
    }
    char *copy = g_strdup(sentence);
    g_free(priv->not_done);
    priv->not_done = copy;
}

const char *base_error_get_hint(const GError *error)
{
    const BaseErrorPrivate *priv = private_of_const(error);
    return priv == NULL ? NULL : priv->hint;
}

const char *base_error_get_not_done(const GError *error)
{
    const BaseErrorPrivate *priv = private_of_const(error);
    return priv == NULL ? NULL : priv->not_done;
}

const char *base_error_get_file(const GError *error, unsigned *ret_line, unsigned *ret_column)
{
    const BaseErrorPrivate *priv = private_of_const(error);
    if (ret_line != NULL) {
        *ret_line = priv == NULL ? 0 : priv->line;
    }
    if (ret_column != NULL) {
        *ret_column = priv == NULL ? 0 : priv->column;
    }
    return priv == NULL ? NULL : priv->file;
}

const BaseErrorInfo *base_error_info_of(BaseErrorCode code)
{
    const BaseErrorInfo *internal = &INFOS[G_N_ELEMENTS(INFOS) - 1];
    for (size_t i = 0; i < G_N_ELEMENTS(INFOS); i++) {
        if (INFOS[i].code == code) {
            return &INFOS[i];
        }
        if (INFOS[i].code == BASE_E_INTERNAL) {
            internal = &INFOS[i];
        }
    }
    return internal;
}

const BaseErrorInfo *base_error_info(const GError *error)
{
    if (error == NULL || error->domain != BASE_ERROR) {
        return base_error_info_of(BASE_E_INTERNAL);
    }
    return base_error_info_of((BaseErrorCode)error->code);
}

const BaseErrorInfo *base_error_info_by_name(const char *text)
{
    gint64 number = 0;
    const char *digits = text[0] == 'W' || text[0] == 'w' ? text + 1 : text;
    if (!base_text_to_int(digits, 1, G_MAXINT, &number)) {
        number = 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(INFOS); i++) {
        if ((gint64)INFOS[i].code == number || g_ascii_strcasecmp(INFOS[i].name, text) == 0) {
            return &INFOS[i];
        }
    }
    return NULL;
}

static int compare_infos(gconstpointer a, gconstpointer b)
{
    const BaseErrorInfo *left = a;
    const BaseErrorInfo *right = b;
    return (left->code > right->code) - (left->code < right->code);
}

const BaseErrorInfo *base_error_info_all(size_t *ret_n)
{
    static BaseErrorInfo sorted[G_N_ELEMENTS(INFOS)];
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        memcpy(sorted, INFOS, sizeof sorted);
        qsort(sorted, G_N_ELEMENTS(sorted), sizeof sorted[0], compare_infos);
        g_once_init_leave(&once, 1);
    }
    *ret_n = G_N_ELEMENTS(sorted);
    return sorted;
}

static void set_if(json_t *object, const char *key, const char *value)
{
    if (value != NULL) {
        base_json_set_string(object, key, value);
    }
}

json_t *base_error_to_problem(const GError *error, const char *lang)
{
    const BaseErrorInfo *info = base_error_info(error);
    g_autofree char *code = g_strdup_printf("W%d", (int)info->code);
    g_autofree char *type = g_strdup_printf("urn:weir:error:%s", code);
    json_t *problem = json_object();
    base_json_set_string(problem, "type", type);
    base_json_set_string(problem, "title", g_strcmp0(lang, "zh") == 0 ? info->title_zh : info->title_en);
    base_json_set_int(problem, "status", info->http_status);
    base_json_set_string(problem, "detail", error->message);
    base_json_set_string(problem, "code", code);
    json_object_set_new(problem, "retry", json_boolean(info->retry));
    set_if(problem, "hint", base_error_get_hint(error));
    set_if(problem, "not_done", base_error_get_not_done(error));
    unsigned line = 0;
    unsigned column = 0;
    const char *file = base_error_get_file(error, &line, &column);
    set_if(problem, "file", file);
    if (line > 0) {
        base_json_set_int(problem, "line", line);
        base_json_set_int(problem, "column", column);
    }
    return problem;
}

void base_error_from_problem(GError **error, json_t *problem)
{
    const BaseErrorInfo *info = base_error_info_by_name(base_json_string(problem, "code", "INTERNAL"));
    base_fail(
        error, info == NULL ? BASE_E_INTERNAL : info->code, "%s",
        base_json_string(problem, "detail", base_json_string(problem, "title", "the server gave no reason")));
    const char *hint = base_json_string(problem, "hint", NULL);
    if (hint != NULL) {
        base_error_hint(error, "%s", hint);
    }
    const char *not_done = base_json_string(problem, "not_done", NULL);
    if (not_done != NULL) {
        base_error_not_done(error, not_done);
    }
    const char *file = base_json_string(problem, "file", NULL);
    gint64 line = CLAMP(base_json_int(problem, "line", 0), 0, G_MAXINT);
    gint64 column = CLAMP(base_json_int(problem, "column", 0), 0, G_MAXINT);
    if (file != NULL || line > 0) {
        base_error_place(error, file, (unsigned)line, (unsigned)column);
    }
}
