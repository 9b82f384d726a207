/* What was served of one view. See profile.h. */
#include <math.h>

#include "features/profile.h"
#include "features/store.h"

#define SAMPLE      512
#define PSI_MIN     100    /* fewer say nothing */
#define PSI_NOTHING 0.0001 /* the share of an empty bin */
#define TEXT_MAX    64     /* bytes of a text that are kept */
#define STATUSES    5

typedef struct {
    gint64 counts[STATUSES];
    gint64 seen;    /* values that might have entered the sample */
    guint n;        /* of the sample */
    double *number; /* SAMPLE, made at the first */
    char (*text)[TEXT_MAX];
} ServedFeature;

struct FeaturesServed {
    GMutex lock;
    GRand *random;
    size_t n_features;
    ServedFeature *features;
};

FeaturesServed *features_served_new(size_t n_features)
{
    FeaturesServed *served = g_new0(FeaturesServed, 1);
    g_mutex_init(&served->lock);
    served->random = g_rand_new();
    served->n_features = n_features;
    served->features = g_new0(ServedFeature, n_features);
    return served;
}

void features_served_free(FeaturesServed *served)
{
    for (size_t f = 0; f < served->n_features; f++) {
        g_free(served->features[f].number);
        g_free(served->features[f].text);
    }
    g_free(served->features);
    g_rand_free(served->random);
    g_mutex_clear(&served->lock);
    g_free(served);
}

void features_served_lock(FeaturesServed *served)
{
    g_mutex_lock(&served->lock);
}

void features_served_unlock(FeaturesServed *served)
{
    g_mutex_unlock(&served->lock);
}

static bool as_number(const FeaturesValue *value, double *ret)
{
    switch (value->type) {
    case FEATURES_INT32:
    case FEATURES_INT64:
        *ret = (double)value->i64;
        return true;
    case FEATURES_TIMESTAMP:
        *ret = (double)value->i64 / 1e6;
        return true;
    case FEATURES_DOUBLE:
        *ret = value->real;
        return true;
    case FEATURES_FLOAT:
        *ret = value->real32;
        return true;
    default:
        return false;
    }
}

static void keep_text(ServedFeature *own, guint at, const FeaturesValue *value)
{
    own->text = own->text ? own->text : g_malloc0(sizeof *own->text * SAMPLE);
    if (value->type == FEATURES_BOOL) {
        g_strlcpy(own->text[at], value->boolean ? "true" : "false", TEXT_MAX);
    } else {
        size_t len = MIN(value->text.len, TEXT_MAX - 1);
        memcpy(own->text[at], value->text.bytes, len);
        own->text[at][len] = '\0';
    }
}

/* Reservoir: each value seen is in the sample with the same chance. */
static void sample(FeaturesServed *served, ServedFeature *own, const FeaturesValue *value)
{
    bool text = value->type == FEATURES_STRING || value->type == FEATURES_BOOL;
    double number = 0;
    if (!as_number(value, &number) && !text) {
        return;
    }
    own->seen++;
    guint at = own->n < SAMPLE ? own->n++ : (guint)(g_rand_double(served->random) * (double)own->seen);
    if (at >= SAMPLE) {
        return;
    }
    if (text) {
        keep_text(own, at, value);
    } else {
        own->number = own->number ? own->number : g_new0(double, SAMPLE);
        own->number[at] = number;
    }
}

void features_served_note(FeaturesServed *served, size_t feature, const FeaturesCell *cells, size_t n)
{
    ServedFeature *own = &served->features[feature];
    for (size_t i = 0; i < n; i++) {
        own->counts[cells[i].status]++;
    }
    const FeaturesCell *one = &cells[n > 1 ? (size_t)g_rand_int_range(served->random, 0, (gint32)n) : 0];
    if (!one->value.null && one->status != FEATURES_NOT_FOUND) {
        sample(served, own, &one->value);
    }
}

gint64 features_served_count(FeaturesServed *served, size_t feature, unsigned status)
{
    g_mutex_lock(&served->lock);
    gint64 n = served->features[feature].counts[status];
    g_mutex_unlock(&served->lock);
    return n;
}

/* ---- drift
 * ------------------------------------------------------------------------------------------------- */

static double part(double served, double trained)
{
    served = MAX(served, PSI_NOTHING);
    trained = MAX(trained, PSI_NOTHING);
    return (served - trained) * log(served / trained);
}

static double psi_of_numbers(const ServedFeature *own, const json_t *profile)
{
    const json_t *edges = json_object_get(profile, "edges"), *bins = json_object_get(profile, "bins");
    size_t n = json_array_size(bins);
    g_autofree double *shares = g_new0(double, MAX(n, 1));
    double trained = 0, psi = 0;
    for (guint i = 0; i < own->n; i++) {
        size_t bin = 0;
        while (bin < json_array_size(edges) &&
               own->number[i] > json_number_value(json_array_get(edges, bin))) {
            bin++;
        }
        shares[MIN(bin, n - 1)] += 1.0 / own->n;
    }
    for (size_t b = 0; b < n; b++) {
        trained += json_number_value(json_array_get(bins, b));
    }
    for (size_t b = 0; b < n; b++) {
        psi += part(shares[b], json_number_value(json_array_get(bins, b)) / MAX(trained, 1));
    }
    return psi;
}

/* Values that are not among the commonest are one bin. */
static double psi_of_texts(const ServedFeature *own, const json_t *profile)
{
    const json_t *commonest = json_object_get(profile, "commonest");
    size_t n = json_array_size(commonest);
    g_autofree double *shares = g_new0(double, n + 1);
    double trained = (double)(base_json_int(profile, "n", 0) - base_json_int(profile, "nulls", 0));
    double rest = 1, psi = 0;
    for (guint i = 0; i < own->n; i++) {
        size_t bin = 0;
        while (bin < n &&
               strncmp(own->text[i], json_string_value(json_array_get(json_array_get(commonest, bin), 0)),
                       TEXT_MAX - 1) != 0) {
            bin++;
        }
        shares[bin] += 1.0 / own->n;
    }
    for (size_t b = 0; b < n; b++) {
        double share = json_number_value(json_array_get(json_array_get(commonest, b), 1)) / MAX(trained, 1);
        rest -= share;
        psi += part(shares[b], share);
    }
    return psi + part(shares[n], MAX(rest, 0));
}

json_t *features_served_to_json(FeaturesServed *served, size_t feature, const json_t *profile)
{
    g_mutex_lock(&served->lock);
    const ServedFeature *own = &served->features[feature];
    gint64 all = 0;
    for (size_t s = 0; s < STATUSES; s++) {
        all += own->counts[s];
    }
    double of = (double)MAX(all, 1);
    json_t *json = json_pack("{s:I, s:f, s:f, s:f, s:i}", "served", (json_int_t)all, "null",
                             (double)own->counts[FEATURES_NULL_VALUE] / of, "not_found",
                             (double)own->counts[FEATURES_NOT_FOUND] / of, "outside_max_age",
                             (double)own->counts[FEATURES_OUTSIDE_MAX_AGE] / of, "sampled", (int)own->n);
    if (own->n >= PSI_MIN && own->number && json_array_size(json_object_get(profile, "bins")) > 0) {
        json_object_set_new(json, "psi", json_real(psi_of_numbers(own, profile)));
    } else if (own->n >= PSI_MIN && own->text && json_object_get(profile, "commonest")) {
        json_object_set_new(json, "psi", json_real(psi_of_texts(own, profile)));
    }
    g_mutex_unlock(&served->lock);
    return json;
}
