/* Verdicts as arithmetic: bars, deviations, changes, shapes. */
#include "quality/quality_int.h"

/* Decimals are not exact as doubles: 1.1 after 1.0 is a change of 10.000000000000009 %. */
bool quality_beyond(double value, double bar)
{
    return value > bar + fmax(1e-12, fabs(bar) * 1e-12);
}

QualityLevel quality_level_above(double value, double warn, double error)
{
    if (isnan(value)) {
        return QUALITY_SKIP;
    }
    if (!isnan(error) && quality_beyond(value, error)) {
        return QUALITY_ERROR;
    }
    return !isnan(warn) && quality_beyond(value, warn) ? QUALITY_WARN : QUALITY_PASS;
}

QualityTrend quality_trend_by_name(const char *name)
{
    if (g_strcmp0(name, "up") == 0 || g_strcmp0(name, "spike") == 0) {
        return QUALITY_TREND_UP;
    }
    bool down = g_strcmp0(name, "down") == 0 || g_strcmp0(name, "drop") == 0;
    return down ? QUALITY_TREND_DOWN : QUALITY_TREND_ABS;
}

double quality_trend_apply(QualityTrend trend, double value)
{
    return trend == QUALITY_TREND_UP ? value : trend == QUALITY_TREND_DOWN ? -value : fabs(value);
}

double quality_percent(double value, double baseline)
{
    return fpclassify(baseline) == FP_ZERO ? NAN : (value - baseline) / fabs(baseline) * 100;
}

/* Welford's: no cancellation when the mean is large and the spread small. */
QualitySpread quality_spread(const double *values, guint n)
{
    QualitySpread spread = {.n = n, .mean = n ? 0 : (double)NAN, .sd = (double)NAN};
    double squares = 0;
    for (guint i = 0; i < n; i++) {
        double before = values[i] - spread.mean;
        spread.mean += before / (i + 1);
        squares += before * (values[i] - spread.mean);
    }
    if (n > 1) {
        spread.sd = sqrt(squares / (n - 1));
    }
    return spread;
}

double quality_z(const QualitySpread *history, double value)
{
    /* Rounding alone can give equal figures a spread. */
    bool flat = !(history->sd > fabs(history->mean) * 1e-12);
    if (history->n < 2 || isnan(history->sd)) {
        return NAN;
    }
    if (flat) {
        return fabs(value - history->mean) <= fabs(history->mean) * 1e-12 ? 0 : (double)NAN;
    }
    return (value - history->mean) / history->sd;
}

static double total(const double *counts, guint n)
{
    double sum = 0;
    for (guint i = 0; i < n; i++) {
        sum += counts[i];
    }
    return sum;
}

/* Half a row is added to each bin, so that an empty one is rare and not impossible. */
double quality_psi(const double *baseline, const double *now, guint n)
{
    double before = total(baseline, n), after = total(now, n), psi = 0;
    if (n == 0 || !(before > 0) || !(after > 0)) {
        return NAN;
    }
    for (guint i = 0; i < n; i++) {
        double p = (now[i] + 0.5) / (after + 0.5 * n);
        double q = (baseline[i] + 0.5) / (before + 0.5 * n);
        psi += (p - q) * log(p / q);
    }
    return psi;
}

#define GAMMA_STEPS   1000
#define GAMMA_EPSILON 1e-14

/* Lower incomplete gamma function P(a, x) as a series: for x < a + 1 (Abramowitz and Stegun 6.5.29). */
static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int i = 1; i < GAMMA_STEPS && fabs(term) > fabs(sum) * GAMMA_EPSILON; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum * exp(-x + a * log(x) - lgamma(a));
}

/* Upper incomplete gamma function Q(a, x) as a continued fraction, by Lentz: for x >= a + 1 (6.5.31). */
static double gamma_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < GAMMA_STEPS; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = b + an / c;
        c = fabs(c) < tiny ? tiny : c;
        double step = c * d;
        h *= step;
        if (fabs(step - 1) < GAMMA_EPSILON) {
            break;
        }
    }
    return h * exp(-x + a * log(x) - lgamma(a));
}

double quality_chi2(const double *baseline, const double *now, guint n)
{
    double before = total(baseline, n), after = total(now, n), statistic = 0;
    if (n < 2 || !(before > 0) || !(after > 0)) {
        return NAN;
    }
    guint used = 0;
    for (guint i = 0; i < n; i++) { /* both are samples: the test of homogeneity of two rows */
        double both = (baseline[i] + now[i]) / (before + after);
        if (both > 0) {
            double e0 = both * before, e1 = both * after;
            statistic += (baseline[i] - e0) * (baseline[i] - e0) / e0 + (now[i] - e1) * (now[i] - e1) / e1;
            used++;
        }
    }
    if (used < 2) {
        return 1;
    }
    double a = (used - 1) / 2.0, x = statistic / 2;
    return !(x > 0) ? 1 : x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}
