/* The arithmetic of verdicts, against figures worked out by hand or by reference implementations. */
#include "quality/quality_int.h"

static void assert_near(double is, double wanted)
{
    if (!(fabs(is - wanted) <= 1e-6 * MAX(1, fabs(wanted)))) {
        g_test_fail_printf("%.9g is not %.9g", is, wanted);
    }
}

static void test_z_leaves_the_value_out(void)
{
    static const double history[] = {100, 102, 98, 101, 99, 100, 103, 97, 100, 100};
    QualitySpread spread = quality_spread(history, G_N_ELEMENTS(history));
    assert_near(spread.mean, 100);
    assert_near(spread.sd, sqrt(28.0 / 9));
    assert_near(quality_z(&spread, 10), -51.0252225);
    /* With the value inside its own window |z| could not pass (n - 1) / sqrt(n) = 3.02 for 11 figures. */
    g_assert_cmpfloat(fabs(quality_z(&spread, 1000)), >, 500);
}

static void test_flat_history_has_no_z_but_for_its_own_value(void)
{
    static const double flat[] = {50, 50, 50, 50, 50, 50, 50};
    QualitySpread spread = quality_spread(flat, G_N_ELEMENTS(flat));
    g_assert_true(isnan(quality_z(&spread, 0)));
    assert_near(quality_z(&spread, 50), 0);
    QualitySpread one = quality_spread(flat, 1);
    g_assert_true(isnan(quality_z(&one, 50)));
    g_assert_true(isnan(quality_spread(flat, 0).mean));
}

static void test_bars_are_passed_beyond_not_at(void)
{
    g_assert_cmpint(quality_level_above(5, 5, 10), ==, QUALITY_PASS);
    g_assert_cmpint(quality_level_above(5.01, 5, 10), ==, QUALITY_WARN);
    g_assert_cmpint(quality_level_above(10.01, 5, 10), ==, QUALITY_ERROR);
    g_assert_cmpint(quality_level_above(10.01, 5, (double)NAN), ==, QUALITY_WARN);
    g_assert_cmpint(quality_level_above((double)NAN, 5, 10), ==, QUALITY_SKIP);
    static const double AT[][3] = {
        {1.1, 1, 10}, {0.33, 0.3, 10}, {0.066, 0.06, 10}, {0.315, 0.3, 5}, {0.95, 1, 5}};
    for (size_t i = 0; i < G_N_ELEMENTS(AT); i++) {
        double change = fabs(quality_percent(AT[i][0], AT[i][1]));
        g_assert_cmpint(quality_level_above(change, AT[i][2], (double)NAN), ==, QUALITY_PASS);
        g_assert_cmpint(quality_level_above(change, AT[i][2] - 0.001, (double)NAN), ==, QUALITY_WARN);
    }
    g_assert_cmpint(quality_level_above(29, (double)NAN, 0.29 * 100), ==, QUALITY_PASS);
}

static void test_trend_says_which_way_counts(void)
{
    assert_near(quality_percent(80, 100), -20);
    assert_near(quality_percent(-80, -100), 20);
    g_assert_true(isnan(quality_percent(5, 0)));
    g_assert_cmpfloat(quality_trend_apply(quality_trend_by_name("up"), -20), <, 0);
    assert_near(quality_trend_apply(quality_trend_by_name("drop"), -20), 20);
    assert_near(quality_trend_apply(quality_trend_by_name("abs"), -20), 20);
}

static void test_psi_and_chi2(void)
{
    static const double before[] = {25, 25, 25, 25}, same[] = {250, 250, 250, 250},
                        moved[] = {10, 20, 30, 40};
    g_assert_cmpfloat(quality_psi(before, before, 4), <, 1e-12);
    g_assert_cmpfloat(quality_psi(before, moved, 4), >, 0.2);
    g_assert_true(isnan(quality_psi(before, moved, 0)));
    assert_near(quality_chi2(before, same, 4), 1);
    /* Three degrees of freedom have a closed form: erfc(sqrt(x / 2)) + sqrt(2 x / pi) exp(-x / 2), x
     * = 10.9002109. */
    double p = quality_chi2(before, moved, 4);
    g_assert_cmpfloat(fabs(p - 0.012277894), <, 1e-6);
    static const double a[] = {500, 1}, b[] = {1, 500};
    g_assert_cmpfloat(quality_chi2(a, b, 2), <, 1e-100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quality/level/z_leaves_the_value_out", test_z_leaves_the_value_out);
    g_test_add_func("/quality/level/flat_history", test_flat_history_has_no_z_but_for_its_own_value);
    g_test_add_func("/quality/level/bars", test_bars_are_passed_beyond_not_at);
    g_test_add_func("/quality/level/trend", test_trend_says_which_way_counts);
    g_test_add_func("/quality/level/psi_and_chi2", test_psi_and_chi2);
    return g_test_run();
}
