/* A section as a picture: the first column that is no number names the points, every number is a series;
 * lines or bars over a grid with rounded steps. PNG by cairo. */
#include <cairo.h>
#include <math.h>
#include <string.h>

#include "report/report_int.h"

#define WIDTH      880
#define HEIGHT     330
#define LEFT       80.0
#define RIGHT      20.0
#define TOP        40.0
#define BOTTOM     50.0
#define MAX_SERIES 6u
#define MAX_LABELS 9u
#define MAX_POINTS 2000u
#define STEPS      5

static const double COLOURS[MAX_SERIES][3] = {{0.12, 0.47, 0.71}, {1.0, 0.5, 0.05},  {0.17, 0.63, 0.17},
                                              {0.84, 0.15, 0.16}, {0.58, 0.4, 0.74}, {0.55, 0.34, 0.29}};

typedef struct {
    cairo_t *cairo;
    const ReportSection *section;
    guint label, series[MAX_SERIES], n_series, n_points;
    bool bars;
    double low, high, step;
} Chart;

/* A value that is no number (NULL) is no point. */
static double value_at(const Chart *chart, guint series, guint point)
{
    const GPtrArray *row = chart->section->rows->pdata[point];
    const char *text = row->pdata[chart->series[series]];
    return text ? g_ascii_strtod(text, NULL) : (double)NAN;
}

static void choose_columns(Chart *chart)
{
    const GPtrArray *columns = chart->section->columns;
    chart->label = G_MAXUINT;
    for (guint i = 0; i < columns->len; i++) {
        if (!((const ReportColumn *)columns->pdata[i])->is_number) {
            chart->label = chart->label == G_MAXUINT ? i : chart->label;
        } else if (chart->n_series < MAX_SERIES) {
            chart->series[chart->n_series++] = i;
        }
    }
}

/* 1, 2 or 5 times a power of ten, so that STEPS of them reach. */
static double round_step(double range)
{
    double raw = range > 0 ? range / STEPS : 1, power = pow(10, floor(log10(raw)));
    double share = raw / power;
    return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

static void choose_scale(Chart *chart)
{
    double low = 0, high = 0;
    for (guint s = 0; s < chart->n_series; s++) {
        for (guint p = 0; p < chart->n_points; p++) {
            double value = value_at(chart, s, p);
            low = isfinite(value) ? fmin(low, value) : low;
            high = isfinite(value) ? fmax(high, value) : high;
        }
    }
    chart->step = round_step(high - low);
    chart->low = floor(low / chart->step) * chart->step;
    chart->high = fmax(ceil(high / chart->step) * chart->step, chart->low + chart->step);
}

static double x_of(const Chart *chart, double point)
{
    return LEFT + (point + 0.5) * (WIDTH - LEFT - RIGHT) / chart->n_points;
}

static double y_of(const Chart *chart, double value)
{
    return HEIGHT - BOTTOM - (value - chart->low) / (chart->high - chart->low) * (HEIGHT - TOP - BOTTOM);
}

/* `at` 0 = starts at x, 1 = ends at x, 0.5 = around it. */
static void draw_text(cairo_t *cairo, double x, double y, double at, const char *text)
{
    cairo_text_extents_t size;
    cairo_text_extents(cairo, text, &size);
    cairo_move_to(cairo, x - at * size.x_advance, y);
    cairo_show_text(cairo, text);
}

static void draw_grid(const Chart *chart)
{
    cairo_t *cairo = chart->cairo;
    cairo_set_line_width(cairo, 1);
    int n = (int)lround((chart->high - chart->low) / chart->step);
    for (int i = 0; i <= n; i++) {
        double value = chart->low + i * chart->step, y = floor(y_of(chart, value)) + 0.5;
        cairo_set_source_rgb(cairo, 0.87, 0.87, 0.87);
        cairo_move_to(cairo, LEFT, y);
        cairo_line_to(cairo, WIDTH - RIGHT, y);
        cairo_stroke(cairo);
        cairo_set_source_rgb(cairo, 0.35, 0.35, 0.35);
        g_autofree char *text = g_strdup_printf("%.10g", value);
        draw_text(cairo, LEFT - 8, y + 4, 1, text);
    }
}

static void draw_labels(const Chart *chart)
{
    guint every = (chart->n_points + MAX_LABELS - 1) / MAX_LABELS;
    cairo_set_source_rgb(chart->cairo, 0.35, 0.35, 0.35);
    for (guint p = 0; chart->label != G_MAXUINT && p < chart->n_points; p += MAX(every, 1)) {
        const GPtrArray *row = chart->section->rows->pdata[p];
        const char *text = row->pdata[chart->label];
        draw_text(chart->cairo, x_of(chart, p), HEIGHT - BOTTOM + 20, 0.5, text ? text : "");
    }
}

static void draw_bars(const Chart *chart, guint s)
{
    double slot = (WIDTH - LEFT - RIGHT) / chart->n_points, width = slot * 0.8 / chart->n_series;
    for (guint p = 0; p < chart->n_points; p++) {
        double value = value_at(chart, s, p);
        if (isfinite(value)) {
            double y = y_of(chart, value), zero = y_of(chart, 0);
            cairo_rectangle(chart->cairo, x_of(chart, p) - slot * 0.4 + s * width, fmin(y, zero), width,
                            fabs(zero - y));
        }
    }
    cairo_fill(chart->cairo);
}

static void draw_line(const Chart *chart, guint s)
{
    bool drawing = false;
    for (guint p = 0; p < chart->n_points; p++) {
        double value = value_at(chart, s, p);
        if (!isfinite(value)) {
            drawing = false;
            continue;
        }
        if (drawing) {
            cairo_line_to(chart->cairo, x_of(chart, p), y_of(chart, value));
        } else {
            cairo_move_to(chart->cairo, x_of(chart, p), y_of(chart, value));
        }
        drawing = true;
    }
    cairo_set_line_width(chart->cairo, 2);
    cairo_stroke(chart->cairo);
}

static void draw_series(const Chart *chart)
{
    double x = LEFT;
    for (guint s = 0; s < chart->n_series; s++) {
        const double *colour = COLOURS[s];
        const ReportColumn *column = chart->section->columns->pdata[chart->series[s]];
        cairo_set_source_rgb(chart->cairo, colour[0], colour[1], colour[2]);
        (chart->bars ? draw_bars : draw_line)(chart, s);
        cairo_rectangle(chart->cairo, x, TOP - 26, 10, 10);
        cairo_fill(chart->cairo);
        draw_text(chart->cairo, x + 14, TOP - 17, 0, column->name);
        cairo_text_extents_t size;
        cairo_text_extents(chart->cairo, column->name, &size);
        x += 14 + size.x_advance + 20;
    }
}

static cairo_status_t append_png(void *closure, const unsigned char *data, unsigned len)
{
    g_byte_array_append(closure, data, len);
    return CAIRO_STATUS_SUCCESS;
}

static GBytes *draw(Chart *chart, GError **error)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    chart->cairo = cairo_create(surface);
    cairo_set_source_rgb(chart->cairo, 1, 1, 1);
    cairo_paint(chart->cairo);
    cairo_select_font_face(chart->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(chart->cairo, 12);
    draw_grid(chart);
    draw_labels(chart);
    draw_series(chart);
    GByteArray *png = g_byte_array_new();
    cairo_status_t status = cairo_status(chart->cairo);
    status = status ? status : cairo_surface_write_to_png_stream(surface, append_png, png);
    cairo_destroy(chart->cairo);
    cairo_surface_destroy(surface);
    if (status) {
        base_fail(error, BASE_E_INTERNAL, "the chart could not be drawn: %s", cairo_status_to_string(status));
        g_byte_array_unref(png);
        return NULL;
    }
    return g_byte_array_free_to_bytes(png);
}

GBytes *report_chart(const ReportSection *section, GError **error)
{
    Chart chart = {.section = section, .bars = g_str_equal(section->chart, "bar")};
    chart.n_points = MIN(section->rows->len, MAX_POINTS);
    if (!chart.bars && !g_str_equal(section->chart, "line")) {
        return NULL;
    }
    choose_columns(&chart);
    if (chart.n_points == 0 || chart.n_series == 0) {
        return NULL;
    }
    choose_scale(&chart);
    return draw(&chart, error);
}
