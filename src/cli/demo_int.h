/* The made-up music company behind `weir demo`: who is in it (demo_world.c), what they do (demo_events.c),
 * and how it becomes files (demo_data.c). Everything follows from one seed and the day on which the data
 * ends: each user and day has a random stream of its own, so that the bytes are the same on any number of
 * threads. */
#ifndef WEIR_CLI_DEMO_INT_H
#define WEIR_CLI_DEMO_INT_H

#include <glib.h>
#include <stdbool.h>

#define DEMO_DAYS        180
#define DEMO_USERS       500
#define DEMO_ARTISTS     300
#define DEMO_SONGS       3000
#define DEMO_PODCASTS    60
#define DEMO_PLAYS       1000000
#define DEMO_NDJSON_DAYS 3 /* the newest days come as JSON lines */
#define DEMO_GENRES      10
#define DEMO_LIBRARY     40
#define DEMO_FAVOURITES  12

/* ---- random: xoshiro256** (Blackman, Vigna), seeded by splitmix64 ---------------------------------- */
typedef struct {
    guint64 s[4];
} DemoRandom;
void demo_random_init(DemoRandom *random, guint64 a, guint64 b, guint64 c);
guint64 demo_random_next(DemoRandom *random);
double demo_random_unit(DemoRandom *random); /* [0, 1) */
guint demo_random_below(DemoRandom *random, guint n);
double demo_random_normal(DemoRandom *random);
double demo_random_exponential(DemoRandom *random, double mean);
int demo_random_around(DemoRandom *random, double mean, double deviation, int low,
                       int high);                                         /* normal, cut off */
double demo_random_at_most(DemoRandom *random, double mean, double most); /* exponential, cut off */
bool demo_random_chance(DemoRandom *random, double p);

/* ---- world -------------------------------------------------------------------------------------------- */
typedef struct {
    gint64 id;
    char *name;
    const char *country;
    guint genre;
    double popularity;
    guint first_song, n_songs; /* in songs[] */
} DemoArtist;

typedef struct {
    gint64 id;
    char *title;
    guint artist;
    guint genre;
    const char *language;
    int seconds;
    gint64 release_day; /* since 1970-01-01 */
    double weight;
} DemoSong;

typedef struct {
    gint64 id;
    char *title, *publisher;
    const char *category, *language;
    guint first_episode, n_episodes;
} DemoPodcast;

typedef struct {
    gint64 id, podcast_id;
    char *title;
    int seconds;
    gint64 published_us;
} DemoEpisode;

typedef struct {
    gint64 id;
    char *name;
    const char *gender, *country, *city;
    int birth_year;             /* 0 = not told */
    gint64 registered_us;       /* local time */
    gint64 first_day, last_day; /* active in [first, last) */
    double activity, idle, patience;
    guint device, second_device;
    double hours[2][24]; /* cumulative, workday and weekend */
    guint genres[3];
    guint favourites[DEMO_FAVOURITES]; /* artists */
    guint library[DEMO_LIBRARY];       /* songs */
    double podcasts_a_day;
    guint followed[4];           /* podcasts */
    const char *plan;            /* bought at plan_day; NULL = free */
    gint64 plan_day, cancel_day; /* 0 = not cancelled */
} DemoUser;

typedef struct {
    gint64 first_day, end_day; /* local days since 1970-01-01; end exclusive */
    DemoArtist artists[DEMO_ARTISTS];
    DemoSong songs[DEMO_SONGS]; /* by genre, artist: every genre and artist is a range */
    guint genre_start[DEMO_GENRES + 1];
    DemoPodcast podcasts[DEMO_PODCASTS];
    GArray *episodes; /* DemoEpisode */
    DemoUser users[DEMO_USERS];
    guint32 plays[DEMO_DAYS][DEMO_USERS]; /* how many */
    gint64 first_play[DEMO_DAYS];         /* id of the day's first play */
} DemoWorld;

extern const char *const demo_genres[DEMO_GENRES];
extern const char *const demo_devices[6];
DemoWorld *demo_world_new(gint64 end_day);
void demo_world_free(DemoWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DemoWorld, demo_world_free)

/* ---- events -------------------------------------------------------------------------------------------- */
/* One local day of plays, appended as CSV or JSON lines; likes that came of them as CSV. */
typedef struct {
    GString *plays, *likes;
    bool json;
    gint64 n_plays, n_likes; /* distinct ones */
} DemoDayOut;
void demo_events_day(const DemoWorld *world, guint day, DemoDayOut *out);
/* Appends "2026-11-20 21:03:11". */
void demo_append_time(GString *out, gint64 local_us);
void demo_append_int(GString *out, gint64 value);
/* With quotes where the text needs them. */
void demo_append_csv(GString *out, const char *text);

/* ---- files ------------------------------------------------------------------------------------------------
 */
typedef struct {
    gint64 n_users, n_artists, n_songs, n_episodes, n_plays, n_likes, n_follows, n_listens, n_payments;
    gint64 bytes;
} DemoCounts;
/* Writes <root>/data/...: data that ends at the local day before `end_day`. */
bool demo_data_write(const char *root, gint64 end_day, DemoCounts *ret,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- the example project (generated from examples/music when Weir is built)
 * ------------------------------------ */
typedef struct {
    const char *path;
    const unsigned char *bytes;
    gsize len;
} DemoFile;
extern const DemoFile demo_files[];
extern const gsize demo_n_files;

#endif
