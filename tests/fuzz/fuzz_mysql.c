/* Any bytes as what a MySQL client sends: sign-in, change of user, parameters. The first byte chooses the
 * decoder, the second the number of parameters. Nothing but an answer or a PROTOCOL error; values lie inside
 * the bytes. */
#include "fuzz.h"
#include "server/mysql/codec_int.h"

#define MAX_PARAMS 64

static void check_error(bool ok, GError *error)
{
    if (!ok && !g_error_matches(error, BASE_ERROR, BASE_E_PROTOCOL)) {
        g_error("a refused packet has no PROTOCOL error");
    }
    g_clear_error(&error);
}

static void check_inside(const void *bytes, size_t len, const uint8_t *data, size_t size)
{
    const uint8_t *at = bytes;
    if (len > 0 && (at < data || at + len > data + size)) {
        g_error("a value lies outside of its packet");
    }
}

static void fuzz_sign_in(const uint8_t *data, size_t size, bool change_user)
{
    GError *error = NULL;
    MysqlSignIn sign_in;
    bool ok = change_user ? mysql_parse_change_user(data, size, MYSQL_SERVER_CAPS, &sign_in, &error)
                          : mysql_parse_sign_in(data, size, &sign_in, &error);
    if (ok && !sign_in.ssl_request) {
        check_inside(sign_in.user, strlen(sign_in.user), data, size);
        check_inside(sign_in.auth, sign_in.auth_len, data, size);
        g_free(sign_in.program);
    }
    check_error(ok, error);
}

static void fuzz_execute(const uint8_t *data, size_t size, size_t n_params)
{
    GError *error = NULL;
    guint8 types[2 * MAX_PARAMS] = {0};
    EngineValue values[MAX_PARAMS] = {0};
    bool has_types = false;
    MysqlExecute head;
    GStringChunk *arena = g_string_chunk_new(64);
    bool ok =
        mysql_parse_execute(data, size, n_params, types, &has_types, NULL, values, arena, &head, &error);
    for (size_t i = 0; ok && i < n_params; i++) {
        if (values[i].id == ENGINE_BLOB) {
            check_inside(values[i].text.bytes, values[i].text.len, data, size);
        }
    }
    check_error(ok, error);
    g_string_chunk_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    if (data[0] % 3 == 2) {
        fuzz_execute(data + 2, size - 2, data[1] % (MAX_PARAMS + 1));
    } else {
        fuzz_sign_in(data + 2, size - 2, data[0] % 3 == 1);
    }
    return 0;
}
