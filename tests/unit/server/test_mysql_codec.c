/* The MySQL protocol's packets: golden bytes, and packets that lie about their lengths. */
#include <glib.h>

#include "server/mysql/codec_int.h"

static void assert_bytes(const MysqlBuf *buf, const char *bytes, size_t len)
{
    g_assert_cmpmem(buf->data, (int)buf->len, bytes, (int)len);
}
#define ASSERT_BYTES(buf, literal) assert_bytes(buf, literal, sizeof(literal) - 1)

/* ---- writing ---------------------------------------------------------------------------------------------
 */

static void test_lenenc_has_four_widths(void)
{
    MysqlBuf buf = {0};
    mysql_put_lenenc(&buf, 250);
    mysql_put_lenenc(&buf, 251);
    mysql_put_lenenc(&buf, 0xFFFF);
    mysql_put_lenenc(&buf, 0x10000);
    mysql_put_lenenc(&buf, 0x1000000);
    ASSERT_BYTES(&buf, "\xFA"
                       "\xFC\xFB\x00"
                       "\xFC\xFF\xFF"
                       "\xFD\x00\x00\x01"
                       "\xFE\x00\x00\x00\x01\x00\x00\x00\x00");
    MysqlReader reader = mysql_reader(buf.data, buf.len);
    g_assert_cmpuint(mysql_read_lenenc(&reader), ==, 250);
    g_assert_cmpuint(mysql_read_lenenc(&reader), ==, 251);
    g_assert_cmpuint(mysql_read_lenenc(&reader), ==, 0xFFFF);
    g_assert_cmpuint(mysql_read_lenenc(&reader), ==, 0x10000);
    g_assert_cmpuint(mysql_read_lenenc(&reader), ==, 0x1000000);
    g_assert_false(reader.bad);
    g_assert_cmpuint(mysql_read_left(&reader), ==, 0);
    mysql_buf_clear(&buf);
}

static void test_ok_err_eof_are_as_the_manual_shows(void)
{
    MysqlBuf buf = {.seq = 1};
    MysqlOk ok = {.changed = 3, .status = MYSQL_STATUS_AUTOCOMMIT, .warnings = 1, .info = "hi"};
    mysql_put_ok(&buf, &ok);
    ASSERT_BYTES(&buf, "\x0A\x00\x00\x01"
                       "\x00\x03\x00\x02\x00\x01\x00\x02hi");
    buf.len = 0;
    mysql_put_err(&buf, 1146, "42S02", "no");
    ASSERT_BYTES(&buf, "\x0B\x00\x00\x02"
                       "\xFF\x7A\x04#42S02no");
    buf.len = 0;
    ok = (MysqlOk){.status = MYSQL_STATUS_AUTOCOMMIT};
    mysql_put_end(&buf, 0, &ok);
    ASSERT_BYTES(&buf, "\x05\x00\x00\x03"
                       "\xFE\x00\x00\x02\x00");
    buf.len = 0;
    mysql_put_end(&buf, MYSQL_CAP_DEPRECATE_EOF, &ok);
    ASSERT_BYTES(&buf, "\x07\x00\x00\x04"
                       "\xFE\x00\x00\x02\x00\x00\x00");
    mysql_buf_clear(&buf);
}

static void test_column_definition_41(void)
{
    MysqlBuf buf = {.seq = 2};
    mysql_put_column(&buf, "d", "t", "n", mysql_column_type((EngineType){.id = ENGINE_INT64}), false);
    ASSERT_BYTES(&buf, "\x1B\x00\x00\x02"
                       "\x03"
                       "def\x01"
                       "d\x01t\x01t\x01n\x01n\x0C"
                       "\x3F\x00\x14\x00\x00\x00\x08\x80\x00\x00\x00\x00");
    mysql_buf_clear(&buf);
}

static void test_types_are_what_clients_expect(void)
{
    MysqlColumnType boolean = mysql_column_type((EngineType){.id = ENGINE_BOOLEAN});
    g_assert_cmpuint(boolean.type, ==, MYSQL_TYPE_TINY);
    g_assert_cmpuint(boolean.length, ==, 1); /* Connector/J shows TINYINT(1) as a boolean */
    MysqlColumnType decimal = mysql_column_type((EngineType){.id = ENGINE_DECIMAL, .width = 18, .scale = 2});
    g_assert_cmpuint(decimal.type, ==, MYSQL_TYPE_NEWDECIMAL);
    g_assert_cmpuint(decimal.decimals, ==, 2);
    g_assert_cmpuint(decimal.length, ==, 20);
    MysqlColumnType text = mysql_column_type((EngineType){.id = ENGINE_TEXT});
    g_assert_cmpuint(text.charset, ==, MYSQL_CHARSET_UTF8MB4); /* else drivers give buffers */
    MysqlColumnType blob = mysql_column_type((EngineType){.id = ENGINE_BLOB});
    g_assert_cmpuint(blob.charset, ==, MYSQL_CHARSET_BINARY);
    g_assert_cmpuint(mysql_column_type((EngineType){.id = ENGINE_UINT64}).flags & MYSQL_FLAG_UNSIGNED, !=, 0);
    for (int id = ENGINE_NULL; id <= ENGINE_OTHER; id++) {
        g_assert_cmpuint(mysql_column_type((EngineType){.id = (EngineTypeId)id}).charset, !=, 0);
    }
}

static void test_a_packet_of_16_mb_is_split(void)
{
    MysqlBuf buf = {0};
    size_t len = MYSQL_PACKET_SPLIT + 5;
    g_autofree guint8 *bytes = g_malloc(len);
    memset(bytes, 'x', len);
    bytes[MYSQL_PACKET_SPLIT] = 'y';
    mysql_packet_begin(&buf);
    mysql_put_bytes(&buf, bytes, len);
    mysql_packet_end(&buf);
    g_assert_cmpuint(buf.len, ==, len + 8);
    g_assert_cmpmem(buf.data, 4, "\xFF\xFF\xFF\x00", 4);
    g_assert_cmpmem(buf.data + 4 + MYSQL_PACKET_SPLIT, 5, "\x05\x00\x00\x01y", 5);
    g_assert_cmpuint(buf.seq, ==, 2);
    mysql_buf_clear(&buf);
}

static void test_a_packet_of_exactly_16_mb_has_an_empty_tail(void)
{
    MysqlBuf buf = {0};
    mysql_packet_begin(&buf);
    mysql_put_zeros(&buf, MYSQL_PACKET_SPLIT);
    mysql_packet_end(&buf);
    g_assert_cmpuint(buf.len, ==, MYSQL_PACKET_SPLIT + 8);
    g_assert_cmpmem(buf.data + 4 + MYSQL_PACKET_SPLIT, 4, "\x00\x00\x00\x01", 4);
    mysql_buf_clear(&buf);
}

/* ---- sign-in
 * ----------------------------------------------------------------------------------------------- */

static void test_greeting_announces_native_and_a_scramble_of_20(void)
{
    MysqlBuf buf = {0};
    const guint8 scramble[MYSQL_SCRAMBLE_BYTES + 1] = "abcdefghijklmnopqrst";
    mysql_put_greeting(&buf, "8.0.33-Weir", 7, scramble, MYSQL_STATUS_AUTOCOMMIT);
    ASSERT_BYTES(&buf, "\x4F\x00\x00\x00"
                       "\x0A"
                       "8.0.33-Weir\x00"
                       "\x07\x00\x00\x00"
                       "abcdefgh\x00"
                       "\x0F\xAE\x2D\x02\x00\x3F\x01\x15"
                       "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                       "ijklmnopqrst\x00"
                       "mysql_native_password\x00");
    mysql_buf_clear(&buf);
}

/* As libmariadb sends it: user, 20 bytes, database, plugin, attributes. */
static GByteArray *sign_in_packet(guint32 caps)
{
    MysqlBuf buf = {0};
    mysql_put_u32(&buf, caps);
    mysql_put_u32(&buf, 1 << 24);
    mysql_put_u8(&buf, 45);
    mysql_put_zeros(&buf, 23);
    mysql_put_bytes(&buf, "demo", 5);
    mysql_put_lenenc_bytes(&buf, "12345678901234567890", 20);
    mysql_put_bytes(&buf, "songs", 6);
    mysql_put_bytes(&buf, MYSQL_NATIVE_PLUGIN, sizeof MYSQL_NATIVE_PLUGIN);
    mysql_put_lenenc(&buf, 32);
    mysql_put_lenenc_text(&buf, "_os");
    mysql_put_lenenc_text(&buf, "Linux");
    mysql_put_lenenc_text(&buf, "program_name");
    mysql_put_lenenc_text(&buf, "mariadbX");
    GByteArray *packet = g_byte_array_new();
    g_byte_array_append(packet, buf.data, (guint)buf.len);
    mysql_buf_clear(&buf);
    return packet;
}

#define CLIENT_CAPS                                                                                          \
    (MYSQL_CAP_PROTOCOL_41 | MYSQL_CAP_SECURE_CONNECTION | MYSQL_CAP_CONNECT_WITH_DB |                       \
     MYSQL_CAP_PLUGIN_AUTH | MYSQL_CAP_CONNECT_ATTRS)

static void test_sign_in_is_read_whole(void)
{
    g_autoptr(GByteArray) packet = sign_in_packet(CLIENT_CAPS);
    MysqlSignIn sign_in;
    GError *error = NULL;
    g_assert_true(mysql_parse_sign_in(packet->data, packet->len, &sign_in, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(sign_in.user, ==, "demo");
    g_assert_cmpmem(sign_in.auth, (int)sign_in.auth_len, "12345678901234567890", 20);
    g_assert_cmpstr(sign_in.database, ==, "songs");
    g_assert_cmpstr(sign_in.plugin, ==, MYSQL_NATIVE_PLUGIN);
    g_assert_cmpstr(sign_in.program, ==, "mariadbX");
    g_assert_false(sign_in.ssl_request);
    g_free(sign_in.program);
}

/* Each byte less is an error or a shorter sign-in, never a read past the end (the sanitizers watch). */
static void test_a_sign_in_cut_anywhere_is_safe(void)
{
    g_autoptr(GByteArray) packet = sign_in_packet(CLIENT_CAPS);
    size_t refused = 0;
    for (guint len = 0; len < packet->len; len++) {
        g_autofree guint8 *cut = g_memdup2(packet->data, len); /* NULL at 0 */
        MysqlSignIn sign_in;
        GError *error = NULL;
        if (mysql_parse_sign_in(cut, len, &sign_in, &error)) {
            g_free(sign_in.program);
        } else {
            g_assert_error(error, BASE_ERROR, BASE_E_PROTOCOL);
            refused++;
        }
        g_clear_error(&error);
    }
    g_assert_cmpuint(refused, >, 60);
}

static void test_ssl_request_is_told_from_a_sign_in(void)
{
    g_autoptr(GByteArray) packet = sign_in_packet(CLIENT_CAPS | MYSQL_CAP_SSL);
    MysqlSignIn sign_in;
    g_assert_true(mysql_parse_sign_in(packet->data, 32, &sign_in, NULL));
    g_assert_true(sign_in.ssl_request);
    g_assert_true(mysql_parse_sign_in(packet->data, packet->len, &sign_in, NULL));
    g_assert_false(sign_in.ssl_request);
    g_free(sign_in.program);
}

static void test_a_client_without_protocol_41_is_refused(void)
{
    g_autoptr(GByteArray) packet = sign_in_packet(MYSQL_CAP_SECURE_CONNECTION);
    MysqlSignIn sign_in;
    GError *error = NULL;
    g_assert_false(mysql_parse_sign_in(packet->data, packet->len, &sign_in, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_PROTOCOL);
    g_clear_error(&error);
}

static void test_change_user_has_a_one_byte_length(void)
{
    static const char body[] = "ann\0\x02hiusers\0\x2D\x00mysql_native_password";
    MysqlSignIn sign_in;
    GError *error = NULL;
    bool ok = mysql_parse_change_user(body, sizeof body, CLIENT_CAPS | MYSQL_CAP_PLUGIN_AUTH_LENENC, &sign_in,
                                      &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_cmpstr(sign_in.user, ==, "ann");
    g_assert_cmpmem(sign_in.auth, (int)sign_in.auth_len, "hi", 2);
    g_assert_cmpstr(sign_in.database, ==, "users");
    g_assert_cmpuint(sign_in.charset, ==, 45);
    g_assert_cmpstr(sign_in.plugin, ==, "mysql_native_password");
}

/* ---- parameters
 * ----------------------------------------------------------------------------------------------- */

typedef struct {
    guint8 types[16];
    bool has_types;
    EngineValue values[8];
    GStringChunk *arena;
} Execute;

static bool parse(Execute *execute, const char *bytes, size_t len, size_t n, GError **error)
{
    MysqlExecute head;
    return mysql_parse_execute(bytes, len, n, execute->types, &execute->has_types, NULL, execute->values,
                               execute->arena, &head, error);
}

#define HEAD "\x01\x00\x00\x00\x00\x01\x00\x00\x00"

static void test_parameters_of_each_type(void)
{
    Execute execute = {.arena = g_string_chunk_new(64)};
    static const char bytes[] = HEAD "\x02\x01"
                                     "\x08\x00\x06\x00\x01\x80\x05\x00\xFD\x00\x0C\x00\x0B\x00\x01\x00"
                                     "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"     /* LONGLONG -1 */
                                     "\xFF"                                 /* TINY unsigned 255 */
                                     "\x00\x00\x00\x00\x00\x00\xF8\x3F"     /* DOUBLE 1.5 */
                                     "\x02hi"                               /* VAR_STRING */
                                     "\x07\xEA\x07\x0B\x15\x0A\x14\x1E"     /* DATETIME 2026-11-21 10:20:30 */
                                     "\x08\x00\x00\x00\x00\x00\x01\x02\x03" /* TIME 01:02:03 */
                                     "\x80";                                /* TINY -128 */
    GError *error = NULL;
    bool ok = parse(&execute, bytes, sizeof bytes - 1, 8, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_cmpint(execute.values[0].i64, ==, -1);
    g_assert_cmpint(execute.values[1].id, ==, ENGINE_NULL);
    g_assert_cmpint(execute.values[2].i64, ==, 255);
    g_assert_cmpint(execute.values[3].id, ==, ENGINE_DOUBLE);
    g_assert_cmpfloat(execute.values[3].real, ==, 1.5);
    g_assert_cmpmem(execute.values[4].text.bytes, (int)execute.values[4].text.len, "hi", 2);
    g_assert_cmpint(execute.values[5].id, ==, ENGINE_TIMESTAMP);
    g_assert_cmpint(execute.values[5].i64, ==, G_GINT64_CONSTANT(1795256430000000));
    g_assert_cmpint(execute.values[6].id, ==, ENGINE_TIME);
    g_assert_cmpint(execute.values[6].i64, ==, G_GINT64_CONSTANT(3723000000));
    g_assert_cmpint(execute.values[7].i64, ==, -128);
    g_string_chunk_free(execute.arena);
}

static void test_a_whole_double_is_an_integer(void)
{
    Execute execute = {.arena = g_string_chunk_new(64)};
    static const char bytes[] = HEAD "\x00\x01\x05\x00\x00\x00\x00\x00\x00\x00\x45\x40"; /* 42.0 */
    g_assert_true(parse(&execute, bytes, sizeof bytes - 1, 1, NULL));
    g_assert_cmpint(execute.values[0].id, ==, ENGINE_INT64);
    g_assert_cmpint(execute.values[0].i64, ==, 42);
    g_string_chunk_free(execute.arena);
}

static void test_types_are_kept_for_the_next_execute(void)
{
    Execute execute = {.arena = g_string_chunk_new(64)};
    static const char first[] = HEAD "\x00\x01\x01\x00\x07", second[] = HEAD "\x00\x00\x09";
    GError *error = NULL;
    g_assert_false(parse(&execute, second, sizeof second - 1, 1, &error)); /* none were sent yet */
    g_assert_error(error, BASE_ERROR, BASE_E_PROTOCOL);
    g_clear_error(&error);
    g_assert_true(parse(&execute, first, sizeof first - 1, 1, NULL));
    g_assert_true(parse(&execute, second, sizeof second - 1, 1, NULL));
    g_assert_cmpint(execute.values[0].i64, ==, 9);
    g_string_chunk_free(execute.arena);
}

static void test_parameters_that_lie_about_lengths_are_refused(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } CASES[] = {
        {HEAD "\x00\x01\xFD\x00\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 21}, /* a text of 2^64-1 bytes */
        {HEAD "\x00\x01\xFD\x00\x05hi", 15},
        {HEAD "\x00\x01\x08\x00\x01", 13},
        {HEAD "\x00\x01\x0C\x00\x05\x01\x02\x03\x04\x05", 18}, /* DATETIME of 5 bytes */
        {HEAD "\x00\x01\xFD\x00\xFB", 13},                     /* NULL as a length */
        {HEAD "\x00\x01\xFD", 12},
        {HEAD "", 9},
        {"\x01\x00", 2},
        {"", 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Execute execute = {.arena = g_string_chunk_new(64)};
        g_autofree char *copy = g_memdup2(CASES[i].bytes, CASES[i].len ? CASES[i].len : 1);
        GError *error = NULL;
        g_assert_false(parse(&execute, copy, CASES[i].len, 1, &error));
        g_assert_error(error, BASE_ERROR, BASE_E_PROTOCOL);
        g_clear_error(&error);
        g_string_chunk_free(execute.arena);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mysql_codec/lenenc_has_four_widths", test_lenenc_has_four_widths);
    g_test_add_func("/mysql_codec/ok_err_eof", test_ok_err_eof_are_as_the_manual_shows);
    g_test_add_func("/mysql_codec/column_definition_41", test_column_definition_41);
    g_test_add_func("/mysql_codec/types_are_what_clients_expect", test_types_are_what_clients_expect);
    g_test_add_func("/mysql_codec/packet_of_16_mb_is_split", test_a_packet_of_16_mb_is_split);
    g_test_add_func("/mysql_codec/packet_of_exactly_16_mb", test_a_packet_of_exactly_16_mb_has_an_empty_tail);
    g_test_add_func("/mysql_codec/greeting", test_greeting_announces_native_and_a_scramble_of_20);
    g_test_add_func("/mysql_codec/sign_in_is_read_whole", test_sign_in_is_read_whole);
    g_test_add_func("/mysql_codec/sign_in_cut_anywhere_is_safe", test_a_sign_in_cut_anywhere_is_safe);
    g_test_add_func("/mysql_codec/ssl_request", test_ssl_request_is_told_from_a_sign_in);
    g_test_add_func("/mysql_codec/protocol_41_is_needed", test_a_client_without_protocol_41_is_refused);
    g_test_add_func("/mysql_codec/change_user", test_change_user_has_a_one_byte_length);
    g_test_add_func("/mysql_codec/parameters_of_each_type", test_parameters_of_each_type);
    g_test_add_func("/mysql_codec/whole_double_is_an_integer", test_a_whole_double_is_an_integer);
    g_test_add_func("/mysql_codec/types_are_kept", test_types_are_kept_for_the_next_execute);
    g_test_add_func("/mysql_codec/lengths_that_lie", test_parameters_that_lie_about_lengths_are_refused);
    return g_test_run();
}
