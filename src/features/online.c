/* The online store's interface: what holds for every store is checked here, the rest is the store's. */
#include "features/online_int.h"

FeaturesOnline *features_online_open(const FeaturesOnlineOptions *options, GError **error)
{
    if (!g_strcmp0(options->store, "lmdb")) {
        return features_int_lmdb_open(options, error);
    }
    if (!g_strcmp0(options->store, "redis")) {
        return features_int_redis_open(options, error);
    }
    base_fail(error, BASE_E_CONFIG_INVALID, "`%s` is no online store", options->store ? options->store : "");
    base_error_hint(error, "features.online is lmdb or redis");
    return NULL;
}

void features_online_close(FeaturesOnline *online)
{
    if (online) {
        online->class->close(online);
    }
}

const char *features_online_name(const FeaturesOnline *online)
{
    return online->class->name;
}

/* ---- checks ----------------------------------------------------------------------------------------------
 */

static bool check_key(const FeaturesView *view, const FeaturesValue *keys, bool null_too, GError **error)
{
    size_t bytes = 0;
    for (size_t i = 0; i < view->n_keys; i++) {
        FeaturesType type = keys[i].type;
        if (keys[i].null && null_too) {
            continue;
        }
        if (keys[i].null) {
            return base_fail(error, BASE_E_KEY_NULL, "key `%s` of `%s` is NULL", view->keys[i].name,
                             view->name);
        }
        if (type != view->keys[i].type) {
            return base_fail(error, BASE_E_TYPE_MISMATCH, "key `%s` of `%s` is %s where %s is expected",
                             view->keys[i].name, view->name, features_type_name(type),
                             features_type_name(view->keys[i].type));
        }
        bytes += type == FEATURES_STRING || type == FEATURES_BYTES ? keys[i].text.len : sizeof(gint64);
    }
    if (bytes > FEATURES_KEY_MAX_BYTES) {
        return base_fail(error, BASE_E_VALUE_TOO_LARGE,
                         "a key of `%s` holds %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT,
                         view->name, bytes, FEATURES_KEY_MAX_BYTES);
    }
    return true;
}

static bool check_row(const FeaturesView *view, const FeaturesRow *row, GError **error)
{
    if (row->event_us == FEATURES_NO_TIME) {
        return base_fail(error, BASE_E_VALUE_INVALID, "a row of `%s` has no event time", view->name);
    }
    for (size_t i = 0; i < view->n_features; i++) {
        if (!row->values[i].null && row->values[i].type != view->features[i].type) {
            return base_fail(error, BASE_E_FEATURE_TYPE, "feature `%s` of `%s` is %s where %s is expected",
                             view->features[i].name, view->name, features_type_name(row->values[i].type),
                             features_type_name(view->features[i].type));
        }
    }
    return check_key(view, row->keys, false, error);
}

/* ---- calls -----------------------------------------------------------------------------------------------
 */

bool features_online_put(FeaturesOnline *online, const FeaturesView *view, const FeaturesRow *rows, size_t n,
                         FeaturesPut *ret, GError **error)
{
    *ret = (FeaturesPut){0};
    for (size_t i = 0; i < n; i++) {
        if (!check_row(view, &rows[i], error)) {
            return false;
        }
    }
    return n == 0 || online->class->put(online, view, rows, n, ret, error);
}

bool features_online_get(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                         size_t n, const size_t *features, size_t n_features, FeaturesArena *arena,
                         FeaturesRead *ret, GError **error)
{
    for (size_t i = 0; i < n; i++) {
        ret[i] = (FeaturesRead){.event_us = FEATURES_NO_TIME, .created_us = FEATURES_NO_TIME};
        if (!check_key(view, keys + i * view->n_keys, true, error)) {
            return false;
        }
    }
    return n == 0 || online->class->get(online, view, keys, n, features, n_features, arena, ret, error);
}

bool features_online_erase(FeaturesOnline *online, const FeaturesView *view, const FeaturesValue *keys,
                           bool *ret_erased, GError **error)
{
    *ret_erased = false;
    if (!check_key(view, keys, true, error)) {
        return false;
    }
    return features_int_any_null(keys, view->n_keys) ||
           online->class->erase(online, view, keys, ret_erased, error);
}

bool features_online_erase_all(FeaturesOnline *online, const char *project, const FeaturesView *view,
                               gint64 *ret_rows, GError **error)
{
    *ret_rows = 0;
    return online->class->erase_all(online, project, view, ret_rows, error);
}

bool features_online_size(FeaturesOnline *online, const FeaturesView *view, FeaturesOnlineSize *ret,
                          GError **error)
{
    return online->class->size(online, view, ret, error);
}

bool features_online_backup(FeaturesOnline *online, const char *dir, GError **error)
{
    return online->class->backup(online, dir, error);
}
