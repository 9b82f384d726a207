#include "base/fault.h"

#include <errno.h>
#include <glib.h>

/* WEIR_FAULT is read once a process, so each case is one of its own. */
static void run_in_child(const char *faults)
{
    g_setenv("WEIR_FAULT", faults, TRUE);
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_unsetenv("WEIR_FAULT");
}

static void a_fault_acts_at_its_pass_only(void)
{
    if (g_test_subprocess()) {
        g_assert_cmpint(BASE_FAULT("a.b"), ==, 0);
        g_assert_cmpint(BASE_FAULT("a.b"), ==, ENOSPC);
        g_assert_cmpint(BASE_FAULT("a.b"), ==, 0);
        g_assert_cmpint(BASE_FAULT("c"), ==, EIO);
        g_assert_cmpint(BASE_FAULT("other"), ==, 0);
        return;
    }
    run_in_child("a.b=enospc@2,c=eio");
    g_test_trap_assert_passed();
}

static void a_kill_ends_the_process(void)
{
    if (g_test_subprocess()) {
        if (BASE_FAULT("die") == 0) {
            g_print("alive");
        }
        return;
    }
    run_in_child("die=kill");
    g_test_trap_assert_failed();
    g_test_trap_assert_stdout_unmatched("*alive*");
}

static void a_misspelt_fault_fails_loudly(void)
{
    if (g_test_subprocess()) {
        g_assert_cmpint(BASE_FAULT("x"), ==, 0);
        return;
    }
    run_in_child("x=explode");
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*unknown action*explode*");
}

static void no_fault_is_no_fault(void)
{
    g_assert_cmpint(BASE_FAULT("anything"), ==, 0);
}

#define ADD(f) g_test_add_func("/fault/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#ifdef WEIR_FAULTS
    ADD(a_fault_acts_at_its_pass_only);
    ADD(a_kill_ends_the_process);
    ADD(a_misspelt_fault_fails_loudly);
#else
    (void)run_in_child;
    (void)a_fault_acts_at_its_pass_only;
    (void)a_kill_ends_the_process;
    (void)a_misspelt_fault_fails_loudly;
#endif
    ADD(no_fault_is_no_fault);
    return g_test_run();
}
