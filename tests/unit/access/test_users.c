/* Users, tokens, rights, audit: who gets in, and what they may. */
#include "world.h"

#include <openssl/evp.h>

#include "access/access_int.h"

static World world;

static bool signs_in(const char *name, const char *password)
{
    g_autoptr(AccessUser) user = access_sign_in(world.access, world.snapshot, name, password, NULL, NULL);
    return user != NULL;
}

static void test_a_password_signs_in_and_a_wrong_one_does_not(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "ann", NULL);
    g_assert_cmpstr(access_user_name(user), ==, "ann");
    g_assert_false(signs_in("ann", "long enough "));
    g_assert_false(signs_in("ann", ""));
    g_assert_false(signs_in("Ann", "long enough"));
    g_assert_false(signs_in("nobody", "long enough"));
    g_assert_true(signs_in("ann", "long enough"));
    g_autoptr(GError) error = NULL;
    g_assert_true(access_user_set_password(world.access, "ann", "another one", &error));
    g_assert_false(signs_in("ann", "long enough")); /* though it was remembered */
    g_assert_true(signs_in("ann", "another one"));
}

static bool may_try(const char *name, const char *peer, unsigned seconds)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpuint(access_guess_pause_s(world.access, name, peer), ==, seconds);
    bool may = access_guess_begin(world.access, name, peer, &error);
    g_assert_true(may ? !error : g_error_matches(error, BASE_ERROR, BASE_E_SIGN_IN_PAUSED));
    return may;
}

static void test_wrong_passwords_in_a_row_make_one_host_wait_longer_and_longer(void)
{
    access_guess_allow(world.access, 3);
    for (int i = 0; i < 3; i++) {
        g_assert_true(may_try("eve", "10.0.0.1:500", 0));
        access_guess_end(world.access, "eve", "10.0.0.1:501", false);
    }
    const unsigned pauses[] = {2, 4, 8, 16, 32, 60, 60, 60};
    for (size_t i = 0; i < G_N_ELEMENTS(pauses); i++) {
        g_assert_false(may_try("eve", "10.0.0.1:502", pauses[i]));
        access_guess_end(world.access, "eve", "10.0.0.1:503", false);
    }
    g_assert_true(may_try("eve", "10.0.0.2:500", 0));
    g_assert_true(may_try("ann", "10.0.0.1:500", 0));
    g_assert_true(may_try("eve", "[::1]:500", 0));
    access_guess_end(world.access, "eve", "10.0.0.1:504", true);
    g_assert_true(may_try("eve", "10.0.0.1:505", 0));
    access_guess_end(world.access, "eve", "10.0.0.1:505", false);
    g_assert_true(may_try("eve", "10.0.0.1:505", 0)); /* the right one began the count anew */
    access_guess_allow(world.access, 0);
    for (int i = 0; i < 100; i++) {
        access_guess_end(world.access, "eve", "10.0.0.1:506", false);
    }
    g_assert_true(may_try("eve", "10.0.0.1:506", 0));
}

static gpointer guess_once(gpointer user)
{
    gint *looked_at = user;
    g_autoptr(GError) error = NULL;
    g_assert_null(
        access_sign_in(world.access, world.snapshot, "eve", "wrong password", "10.0.0.3:1", &error));
    g_atomic_int_add(looked_at, g_error_matches(error, BASE_ERROR, BASE_E_SIGN_IN) ? 1 : 0);
    return NULL;
}

/* Begun together, all of them before the first was found wrong. */
static void test_guesses_at_the_same_time_are_counted_too(void)
{
    enum { ALLOWED = 3, THREADS = 40 };
    GThread *threads[THREADS];
    gint looked_at = 0;
    access_guess_allow(world.access, ALLOWED);
    for (size_t i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new("guess", guess_once, &looked_at);
    }
    for (size_t i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(looked_at, >=, ALLOWED);
    g_assert_cmpint(looked_at, <, ALLOWED + ACCESS_HASHES_AT_ONCE);
    access_guess_allow(world.access, 0);
}

/* Many names from many hosts are forgotten rather than kept for ever. */
static void test_guesses_take_bounded_memory(void)
{
    access_guess_allow(world.access, 1);
    for (int i = 0; i < 25000; i++) {
        g_autofree char *peer = g_strdup_printf("10.%d.%d.%d:1", i >> 16, i >> 8 & 255, i & 255);
        access_guess_end(world.access, "eve", peer, false);
    }
    g_assert_true(may_try("eve", "10.0.0.0:1", 0));
    g_assert_false(may_try("eve", "10.0.97.167:1", 2));
    access_guess_allow(world.access, 0);
}

static void test_weak_passwords_and_bad_names_are_refused(void)
{
    static const struct {
        const char *name, *password;
        int code;
    } cases[] = {{"u", "short", BASE_E_PASSWORD_WEAK},           {"u", "", BASE_E_PASSWORD_WEAK},
                 {"", "long enough", BASE_E_NAME_INVALID},       {"1u", "long enough", BASE_E_NAME_INVALID},
                 {"a b", "long enough", BASE_E_NAME_INVALID},    {"a'b", "long enough", BASE_E_NAME_INVALID},
                 {"local", "long enough", BASE_E_NAME_DUPLICATE}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(access_user_add(world.access, cases[i].name, cases[i].password, NULL, &error));
        g_assert_error(error, BASE_ERROR, cases[i].code);
    }
    g_autoptr(AccessUser) user = world_user(&world, "twice", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(access_user_add(world.access, "twice", "long enough", NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_NAME_DUPLICATE);
}

static void digest(const EVP_MD *md, const void *a, size_t a_len, const void *b, size_t b_len, guint8 *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    g_assert_true(EVP_DigestInit_ex(context, md, NULL) && EVP_DigestUpdate(context, a, a_len) &&
                  EVP_DigestUpdate(context, b, b_len) && EVP_DigestFinal_ex(context, out, NULL));
    EVP_MD_CTX_free(context);
}

/* What a client computes, by the manual of each plug-in. */
static void client_native(const char *password, const guint8 *scramble, guint8 out[20])
{
    guint8 once[20], twice[20];
    digest(EVP_sha1(), password, strlen(password), "", 0, once);
    digest(EVP_sha1(), once, 20, "", 0, twice);
    digest(EVP_sha1(), scramble, 20, twice, 20, out);
    for (int i = 0; i < 20; i++) {
        out[i] ^= once[i];
    }
}

static void client_sha2(const char *password, const guint8 *scramble, guint8 out[32])
{
    guint8 once[32], twice[32];
    digest(EVP_sha256(), password, strlen(password), "", 0, once);
    digest(EVP_sha256(), once, 32, "", 0, twice);
    digest(EVP_sha256(), twice, 32, scramble, 20, out);
    for (int i = 0; i < 32; i++) {
        out[i] ^= once[i];
    }
}

static void test_mysql_challenges_are_answered_by_the_right_password_only(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "mia", NULL);
    const guint8 *scramble = (const guint8 *)"abcdefghijklmnopqrst";
    guint8 reply[32];
    const char *const passwords[] = {"long enough", "long enougH"};
    for (size_t i = 0; i < 2; i++) {
        client_native(passwords[i], scramble, reply);
        g_autoptr(AccessUser) native =
            access_sign_in_mysql_native(world.access, world.snapshot, "mia", scramble, reply, 20, NULL, NULL);
        g_assert_true((native != NULL) == (i == 0));
        client_sha2(passwords[i], scramble, reply);
        g_autoptr(AccessUser) sha2 =
            access_sign_in_mysql_sha2(world.access, world.snapshot, "mia", scramble, reply, 32, NULL, NULL);
        g_assert_true((sha2 != NULL) == (i == 0));
        g_assert_null(
            access_sign_in_mysql_sha2(world.access, world.snapshot, "who", scramble, reply, 32, NULL, NULL));
    }
    g_assert_null(
        access_sign_in_mysql_native(world.access, world.snapshot, "mia", scramble, reply, 0, NULL, NULL));
    /* The stored hash of an unknown user is zeros: a reply made for that must not get in. */
    guint8 zeros[20] = {0}, mix[20];
    digest(EVP_sha1(), scramble, 20, zeros, 20, mix);
    g_assert_null(
        access_sign_in_mysql_native(world.access, world.snapshot, "who", scramble, mix, 20, NULL, NULL));
}

static void test_a_token_signs_in_until_it_is_removed(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "tom", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    g_assert_true(access_token_add(world.access, "tom", "ci", 0, false, &token, &error));
    g_assert_true(g_str_has_prefix(token, "weir_"));
    for (int i = 0; i < 2; i++) {
        g_autoptr(AccessUser) by = access_sign_in_token(world.access, world.snapshot, token, &error);
        g_assert_cmpstr(access_user_name(by), ==, "tom");
    }
    g_autoptr(json_t) tokens = access_tokens_to_json(world.access, "tom");
    g_assert_cmpuint(json_array_size(tokens), ==, 1);
    g_autofree char *shown = base_json_text(tokens);
    g_assert_null(strstr(shown, token));
    g_assert_true(
        access_token_remove(world.access, base_json_string(json_array_get(tokens, 0), "id", ""), &error));
    g_assert_null(access_sign_in_token(world.access, world.snapshot, token, NULL));
    g_assert_null(access_sign_in_token(world.access, world.snapshot, "weir_x", NULL));
    g_assert_null(access_sign_in_token(world.access, world.snapshot, "", NULL));
}

static void test_a_one_time_link_signs_in_once_and_expires(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *once = NULL;
    g_autofree char *late = NULL;
    g_assert_true(access_token_add(world.access, "local", "link", 60 * G_USEC_PER_SEC, true, &once, &error));
    g_autoptr(AccessUser) first = access_sign_in_token(world.access, world.snapshot, once, &error);
    g_assert_true(access_user_is_admin(first));
    g_assert_null(access_sign_in_token(world.access, world.snapshot, once, NULL));
    g_assert_true(access_token_add(world.access, "local", "link", 1, true, &late, &error));
    g_usleep(10);
    g_assert_null(access_sign_in_token(world.access, world.snapshot, late, NULL));
}

static const CatalogObject *object(const char *name)
{
    g_autoptr(GError) error = NULL;
    const CatalogObject *found = catalog_find(world.snapshot, name, NULL, &error);
    g_assert_no_error(error);
    return found;
}

static void test_rights_add_up_from_grants_roles_and_domains(void)
{
    g_autoptr(AccessUser) keeper =
        world_user(&world, "keeper", NULL); /* a member of vault, hence of annex below it */
    g_assert_true(access_check(keeper, ACCESS_READ | ACCESS_LOAD | ACCESS_WRITE | ACCESS_RUN,
                               object("vault.secrets"), NULL));
    g_assert_true(access_check(keeper, ACCESS_READ, object("annex.cellar"), NULL));
    g_assert_false(access_check(keeper, ACCESS_READ, object("shop.orders"), NULL));
    g_assert_false(access_can_see(keeper, object("shop.orders")));
    g_assert_true(access_can_see_domain(keeper, "annex"));
    g_assert_false(access_can_see_domain(keeper, "shop"));
    g_autoptr(AccessUser) clerk = world_user(&world, "cleo", "clerk");
    g_assert_true(access_check(clerk, ACCESS_READ, object("shop.orders"), NULL));
    g_assert_false(access_check(clerk, ACCESS_LOAD, object("shop.orders"), NULL));
    g_autoptr(GError) error = NULL;
    g_assert_true(access_grant(world.access, "clerk", "load", "table:shop.ord*", &error));
    g_autoptr(AccessUser) more = access_user_refresh(world.access, world.snapshot, clerk);
    g_assert_true(access_check(more, ACCESS_LOAD, object("shop.orders"), NULL));
    g_assert_false(access_check(more, ACCESS_LOAD, object("shop.people"), NULL));
    g_assert_false(access_check(more, ACCESS_READ, NULL, NULL));
    g_assert_false(access_check(more, ACCESS_READ, object("vault.secrets"), &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FORBIDDEN);
    g_assert_nonnull(strstr(error->message, "cleo"));
    g_assert_nonnull(strstr(error->message, "vault.secrets"));
}

static void test_grants_are_checked_before_they_are_kept(void)
{
    static const char *const bad[][3] = {{"x", "reed", "*"},
                                         {"x", "read", ""},
                                         {"x", "read", "orders"},
                                         {"x", "read", "tabel:a"},
                                         {"x", "admin", "domain:shop"},
                                         {"x y", "read", "*"},
                                         {"x", "read", "domain:"}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(access_grant(world.access, bad[i][0], bad[i][1], bad[i][2], &error));
        g_assert_nonnull(error);
    }
}

static void test_a_removed_user_has_no_rights_left(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "rex", "admin");
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    g_assert_true(access_token_add(world.access, "rex", "", 0, false, &token, &error));
    g_assert_true(access_user_remove(world.access, "rex", &error));
    g_assert_false(signs_in("rex", "long enough"));
    g_assert_null(access_sign_in_token(world.access, world.snapshot, token, NULL));
    g_autoptr(AccessUser) ghost = access_user_refresh(world.access, world.snapshot, user);
    g_assert_false(access_check(ghost, ACCESS_READ, object("shop.orders"), NULL));
}

static void test_everything_is_there_after_opening_again(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "ida", "clerk");
    g_autoptr(GError) error = NULL;
    size_t users = access_user_count(world.access);
    access_audit(world.access, "ida", "test", "shop.orders", "x\xff", true);
    access_user_unref(g_steal_pointer(&user));
    access_close(world.access);
    world.access = access_open(world.store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(access_user_count(world.access), ==, users);
    user = access_sign_in(world.access, world.snapshot, "ida", "long enough", NULL, &error);
    g_assert_no_error(error);
    g_assert_true(access_check(user, ACCESS_READ, object("shop.orders"), NULL));
    g_autoptr(json_t) audit = access_audit_to_json(world.access, 1);
    g_assert_cmpstr(base_json_string(json_array_get(audit, 0), "action", ""), ==, "test");
    g_assert_true(base_json_bool(json_array_get(audit, 0), "ok", false));
    g_assert_cmpuint(access_audit_lost(world.access), ==, 0);
}

static void test_the_file_holds_no_password_and_no_token(void)
{
    g_autoptr(AccessUser) user = world_user(&world, "pia", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    g_assert_true(access_token_add(world.access, "pia", "", 0, false, &token, &error));
    g_autoptr(json_t) rows =
        catalog_store_sql(world.store, "SELECT * FROM access_users, access_tokens", NULL, 0, &error);
    g_assert_no_error(error);
    g_autofree char *text = base_json_text(rows);
    g_assert_null(strstr(text, "long enough"));
    g_assert_null(strstr(text, token));
    g_assert_nonnull(strstr(text, "$argon2id$"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    world_open(&world);
    g_test_add_func("/access/users/password", test_a_password_signs_in_and_a_wrong_one_does_not);
    g_test_add_func("/access/users/guesses",
                    test_wrong_passwords_in_a_row_make_one_host_wait_longer_and_longer);
    g_test_add_func("/access/users/guesses_at_once", test_guesses_at_the_same_time_are_counted_too);
    g_test_add_func("/access/users/guesses_bounded", test_guesses_take_bounded_memory);
    g_test_add_func("/access/users/refused", test_weak_passwords_and_bad_names_are_refused);
    g_test_add_func("/access/users/mysql", test_mysql_challenges_are_answered_by_the_right_password_only);
    g_test_add_func("/access/users/token", test_a_token_signs_in_until_it_is_removed);
    g_test_add_func("/access/users/link", test_a_one_time_link_signs_in_once_and_expires);
    g_test_add_func("/access/users/rights", test_rights_add_up_from_grants_roles_and_domains);
    g_test_add_func("/access/users/grants", test_grants_are_checked_before_they_are_kept);
    g_test_add_func("/access/users/removed", test_a_removed_user_has_no_rights_left);
    g_test_add_func("/access/users/reopened", test_everything_is_there_after_opening_again);
    g_test_add_func("/access/users/secrets", test_the_file_holds_no_password_and_no_token);
    int failed = g_test_run();
    world_close(&world);
    return failed;
}
