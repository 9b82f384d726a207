/* A disk that is full fails the load that meets it, says so, and everything else goes on. */
#include "base/text.h"
#include "fixture.h"

static Fixture f;

static bool load(const CatalogTable *t, const char *label, size_t lines, IntakeResult *result, GError **error)
{
    GString *body = g_string_new(NULL);
    for (size_t i = 0; i < lines; i++) {
        g_string_append_printf(body, "%zu\n", i);
    }
    g_autofree char *headers = g_strdup_printf("label:%s", label);
    bool ok = fixture_try(&f, t, headers, body->str, (gssize)body->len, result, error);
    g_string_free(body, TRUE);
    return ok;
}

static void test_spool(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "spooled", CATALOG_DUPLICATE, "a:BIGINT");
    IntakeResult result;
    g_autoptr(GError) error = NULL;
    f.intake->spool_memory = 1000;
    g_assert_false(load(t, "s", 1000, &result, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DISK_FULL);
    g_assert_cmpstr(base_error_get_not_done(error), ==, "Nothing was loaded.");
    g_clear_error(&error);
    g_assert_true(load(t, "s", 1000, &result, &error));
    g_assert_no_error(error);
    intake_result_clear(&result);
    fixture_expect(&f, "SELECT count(*) FROM d.spooled", "1000");
    g_autoptr(GDir) dir = g_dir_open(f.intake->spool_dir, 0, &error);
    g_assert_null(g_dir_read_name(dir)); /* nothing is left behind */
}

/* Until the committer has written the failed load's row. */
static void wait_recorded(int n)
{
    for (;;) {
        g_autofree char *count =
            fixture_query(&f, "SELECT count(*) FROM _weir.loads WHERE state = 'ABORTED'");
        gint64 have;
        g_assert_true(base_text_to_int(count, 0, G_MAXINT32, &have));
        if (have >= n) {
            return;
        }
        g_thread_yield();
    }
}

static void test_commit(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "committed", CATALOG_DUPLICATE, "a:BIGINT");
    int failed = 0;
    for (int i = 0; i < 6; i++) {
        IntakeResult result;
        g_autoptr(GError) error = NULL;
        bool large = i >= 3;
        if (!load(t, large ? "large" : "small", large ? 300000 : 10, &result, &error)) {
            if (g_error_matches(error, BASE_ERROR, BASE_E_LABEL_EXISTS)) {
                intake_result_clear(&result);
                continue;
            }
            g_assert_error(error, BASE_ERROR, BASE_E_DISK_FULL);
            g_assert_cmpstr(result.status, ==, "Fail");
            failed++;
            wait_recorded(failed); /* so that the passes of the fault point are known */
        }
        intake_result_clear(&result);
    }
    g_assert_cmpint(failed, ==, 2); /* as main() arranges: one small, one large */
    fixture_expect(&f, "SELECT count(*) FROM d.committed", "300010");
    g_assert_true(intake_healthy(f.intake));
}

/* Each load's COMMIT here says that it failed, after its data is durable (main). */
static void test_denied(void)
{
    g_autoptr(CatalogTable) t = fixture_create(&f, "denied", CATALOG_DUPLICATE, "a:BIGINT b:VARCHAR");
    static const char *const HEADERS[] = {"column_separator:,\nlabel:denied-small",
                                          "column_separator:,\nlabel:denied-large\nwhere:a > 0"};
    for (size_t i = 0; i < G_N_ELEMENTS(HEADERS); i++) {
        fixture_load(&f, t, HEADERS[i], "1,x\n2,y\n");
        IntakeResult result;
        g_autoptr(GError) error = NULL;
        g_assert_false(fixture_try(&f, t, HEADERS[i], "1,x\n2,y\n", -1, &result, &error));
        g_assert_cmpstr(result.status, ==, "Label Already Exists");
        g_assert_cmpstr(result.existing_status, ==, "FINISHED");
        intake_result_clear(&result);
    }
    fixture_expect(&f, "SELECT count(*) FROM d.denied", "4");
}

int main(int argc, char **argv)
{
    /* Commits in order: create, the first ids, s, create, small (fails), small, large (fails), ... and
     * records of failed loads between them. A pass at which the first rule acts is not counted by the second.
     */
    g_setenv("WEIR_FAULT",
             "spool.write=enospc@1,load.before_commit=enospc@5,load.before_commit=enospc@7,"
             "load.commit_denied=eio",
             TRUE);
    g_test_init(&argc, &argv, NULL);
    fixture_start(&f);
    g_test_add_func("/disk/a full spool fails its load", test_spool);
    g_test_add_func("/disk/a failed commit fails its load and frees its label", test_commit);
    g_test_add_func("/disk/a commit that denies what it did is a commit", test_denied);
    int code = g_test_run();
    fixture_stop(&f);
    return code;
}
