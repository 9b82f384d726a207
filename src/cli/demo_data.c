/* The made-up company as files: CSV, JSON lines, some of them gzipped, as a company's systems would leave
 * them: data/users/       users.csv  subscriptions.ndjson data/songs/       artists.csv  songs.csv.gz
 *   data/podcasts/    podcasts.ndjson  episodes.csv
 *   data/interactions/plays/            plays_2026-06.csv.gz ... and the newest days plays_2026-11-18.ndjson
 *   data/interactions/likes, follows, podcast_listens/   a file a month
 * Months of plays are made on two threads; times are local. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/demo_int.h"

#define GZIP_LEVEL "wb1" /* speed before size: these files are read once */

typedef struct {
    const char *root;
    const DemoWorld *world;
    GMutex lock;
    DemoCounts counts;
    GError *error;
} Writer;

/* ---- files ------------------------------------------------------------------------------------------- */

static bool write_gzip(const char *path, const GString *text, GError **error)
{
    gzFile file = gzopen(path, GZIP_LEVEL);
    if (!file) {
        return base_fs_fail(error, errno, "write", path);
    }
    bool ok = gzbuffer(file, 256 * 1024) == 0 && (gsize)gzfwrite(text->str, 1, text->len, file) == text->len;
    int failed = errno;
    ok = gzclose(file) == Z_OK && ok;
    return ok || base_fs_fail(error, failed, "write", path);
}

/* The demo's own files can be made again: no fsync. */
static bool write_plain(const char *path, const GString *text, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return base_fs_fail(error, errno, "write", path);
    }
    bool ok = base_fs_write_all(fd, text->str, text->len, path, error);
    if (close(fd) != 0 && ok) {
        ok = base_fs_fail(error, errno, "write", path);
    }
    return ok;
}

static bool put(Writer *writer, const char *name, const GString *text, GError **error)
{
    g_autofree char *path = g_build_filename(writer->root, "data", name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    if (!base_fs_mkdir(folder, error)) {
        return false;
    }
    g_mutex_lock(&writer->lock);
    writer->counts.bytes += (gint64)text->len;
    g_mutex_unlock(&writer->lock);
    return (g_str_has_suffix(name, ".gz") ? write_gzip : write_plain)(path, text, error);
}

/* "2026-11" or "2026-11-18" */
static char *date_text(gint64 day, bool whole)
{
    int year, month, date;
    base_time_civil_from_days(day, &year, &month, &date);
    return whole ? g_strdup_printf("%04d-%02d-%02d", year, month, date)
                 : g_strdup_printf("%04d-%02d", year, month);
}

static void comma(GString *out)
{
    g_string_append_c(out, ',');
}

/* ---- users --------------------------------------------------------------------------------------------- */

static bool write_users(Writer *writer, GError **error)
{
    g_autoptr(GString) out =
        g_string_new("user_id,user_name,email,gender,birth_year,country_code,city_name,registered_at\n");
    for (guint i = 0; i < DEMO_USERS; i++) {
        const DemoUser *user = &writer->world->users[i];
        demo_append_int(out, user->id);
        comma(out);
        demo_append_csv(out, user->name);
        g_string_append_printf(out, ",%s%" G_GINT64_FORMAT "@example.com,%s,", i % 37 ? "user" : "User",
                               user->id, user->gender ? user->gender : "\\N");
        if (user->birth_year) {
            demo_append_int(out, user->birth_year);
        } else {
            g_string_append(out, "\\N");
        }
        g_string_append_printf(out, ",%s,%s,", user->country, user->city);
        demo_append_time(out, user->registered_us);
        g_string_append_c(out, '\n');
    }
    writer->counts.n_users = DEMO_USERS;
    return put(writer, "users/users.csv", out, error);
}

static void append_subscription(Writer *writer, GString *out, const DemoUser *user, const char *action,
                                gint64 day)
{
    DemoRandom random;
    demo_random_init(&random, 7, (guint64)user->id, (guint64)day);
    double price = g_str_equal(user->plan, "student") ? 8 : g_str_equal(user->plan, "family") ? 25 : 15;
    bool pays = !g_str_equal(action, "cancel");
    g_string_append_printf(out,
                           "{\"subscription_id\":%" G_GINT64_FORMAT ",\"user_id\":%" G_GINT64_FORMAT
                           ",\"plan_code\":\"%s\",\"action_code\":\"%s\",\"pay_amt\":%.2f,\"currency_code\":"
                           "\"CNY\",\"paid_at\":\"",
                           900001 + writer->counts.n_payments, user->id, user->plan, action,
                           pays ? price : 0.0);
    demo_append_time(out, day * BASE_TIME_DAY_US +
                              (gint64)demo_random_below(&random, 86400) * BASE_TIME_SECOND_US);
    g_string_append(out, "\"}\n");
    writer->counts.n_payments++;
}

static bool write_subscriptions(Writer *writer, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < DEMO_USERS; i++) {
        const DemoUser *user = &writer->world->users[i];
        gint64 end = user->plan && user->cancel_day ? MIN(user->cancel_day, writer->world->end_day)
                                                    : writer->world->end_day;
        for (gint64 day = user->plan_day; user->plan && day < end; day += 30) {
            append_subscription(writer, out, user, day == user->plan_day ? "start" : "renew", day);
        }
        if (user->plan && user->cancel_day && user->cancel_day < writer->world->end_day) {
            append_subscription(writer, out, user, "cancel", user->cancel_day);
        }
    }
    return put(writer, "users/subscriptions.ndjson", out, error);
}

/* ---- songs and podcasts ----------------------------------------------------------------------------------
 */

static bool write_songs(Writer *writer, GError **error)
{
    g_autoptr(GString) artists = g_string_new("artist_id,artist_name,country_code,genre\n");
    for (guint i = 0; i < DEMO_ARTISTS; i++) {
        const DemoArtist *artist = &writer->world->artists[i];
        g_string_append_printf(artists, "%" G_GINT64_FORMAT ",%s,%s,%s\n", artist->id, artist->name,
                               artist->country, demo_genres[artist->genre]);
    }
    g_autoptr(GString) songs =
        g_string_new("song_id,song_title,artist_id,genre,language_code,song_dur,released_on\n");
    for (guint i = 0; i < DEMO_SONGS; i++) {
        const DemoSong *song = &writer->world->songs[i];
        g_autofree char *released = date_text(song->release_day, true);
        demo_append_int(songs, song->id);
        comma(songs);
        demo_append_csv(songs, song->title);
        g_string_append_printf(songs, ",%" G_GINT64_FORMAT ",%s,%s,%d,%s\n",
                               writer->world->artists[song->artist].id, demo_genres[song->genre],
                               song->language, song->seconds, released);
    }
    writer->counts.n_artists = DEMO_ARTISTS;
    writer->counts.n_songs = DEMO_SONGS;
    return put(writer, "songs/artists.csv", artists, error) &&
           put(writer, "songs/songs.csv.gz", songs, error);
}

static bool write_podcasts(Writer *writer, GError **error)
{
    g_autoptr(GString) podcasts = g_string_new(NULL);
    for (guint i = 0; i < DEMO_PODCASTS; i++) {
        const DemoPodcast *podcast = &writer->world->podcasts[i];
        g_string_append_printf(podcasts,
                               "{\"podcast_id\":%" G_GINT64_FORMAT ",\"podcast_title\":", podcast->id);
        base_json_append_string(podcasts, podcast->title, strlen(podcast->title));
        g_string_append(podcasts, ",\"publisher_name\":");
        base_json_append_string(podcasts, podcast->publisher, strlen(podcast->publisher));
        g_string_append_printf(podcasts, ",\"category\":\"%s\",\"language_code\":\"%s\"}\n",
                               podcast->category, podcast->language);
    }
    g_autoptr(GString) episodes =
        g_string_new("episode_id,podcast_id,episode_title,episode_dur,published_at\n");
    for (guint i = 0; i < writer->world->episodes->len; i++) {
        const DemoEpisode *episode = &g_array_index(writer->world->episodes, DemoEpisode, i);
        g_string_append_printf(episodes, "%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",", episode->id,
                               episode->podcast_id);
        demo_append_csv(episodes, episode->title);
        g_string_append_printf(episodes, ",%d,", episode->seconds);
        demo_append_time(episodes, episode->published_us);
        g_string_append_c(episodes, '\n');
    }
    writer->counts.n_episodes = writer->world->episodes->len;
    return put(writer, "podcasts/podcasts.ndjson", podcasts, error) &&
           put(writer, "podcasts/episodes.csv", episodes, error);
}

/* ---- months
 * ------------------------------------------------------------------------------------------------ */

/* A stretch of days that shares its files: a month, or one of the newest days. */
typedef struct {
    guint first, end;
    bool json;
} Stretch;

static GArray *stretches(const DemoWorld *world)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Stretch));
    guint day = 0;
    while (day < DEMO_DAYS) {
        Stretch stretch = {day, day + 1, day >= DEMO_DAYS - DEMO_NDJSON_DAYS};
        int year, month, date, next_month;
        base_time_civil_from_days(world->first_day + day, &year, &month, &date);
        while (!stretch.json && stretch.end < DEMO_DAYS - DEMO_NDJSON_DAYS) {
            base_time_civil_from_days(world->first_day + stretch.end, &year, &next_month, &date);
            if (next_month != month) {
                break;
            }
            stretch.end++;
        }
        g_array_append_val(list, stretch);
        day = stretch.end;
    }
    return list;
}

static bool write_stretch(Writer *writer, const Stretch *stretch, GError **error)
{
    DemoDayOut out = {.plays = g_string_sized_new(16 * 1024 * 1024),
                      .likes = g_string_new("like_id,user_id,song_id,liked_at\n"),
                      .json = stretch->json};
    if (!stretch->json) {
        g_string_append(out.plays,
                        "play_id,user_id,song_id,device,source_code,play_dur,played_at,received_at\n");
    }
    for (guint day = stretch->first; day < stretch->end; day++) {
        demo_events_day(writer->world, day, &out);
    }
    g_autofree char *when = date_text(writer->world->first_day + stretch->first, stretch->json);
    g_autofree char *plays =
        g_strdup_printf("interactions/plays/plays_%s.%s", when, stretch->json ? "ndjson" : "csv.gz");
    g_autofree char *likes = g_strdup_printf("interactions/likes/likes_%s.csv", when);
    bool ok = put(writer, plays, out.plays, error) && put(writer, likes, out.likes, error);
    g_mutex_lock(&writer->lock);
    writer->counts.n_plays += out.n_plays;
    writer->counts.n_likes += out.n_likes;
    g_mutex_unlock(&writer->lock);
    g_string_free(out.plays, TRUE);
    g_string_free(out.likes, TRUE);
    return ok;
}

static void stretch_work(gpointer data, gpointer user)
{
    Writer *writer = user;
    g_autoptr(GError) error = NULL;
    if (!write_stretch(writer, data, &error)) {
        g_mutex_lock(&writer->lock);
        if (!writer->error) {
            writer->error = g_steal_pointer(&error);
        }
        g_mutex_unlock(&writer->lock);
    }
}

static bool write_plays(Writer *writer, GError **error)
{
    g_autoptr(GArray) list = stretches(writer->world);
    GThreadPool *pool =
        g_thread_pool_new(stretch_work, writer, (gint)MIN(g_get_num_processors(), 4), TRUE, NULL);
    for (guint i = 0; i < list->len; i++) {
        g_thread_pool_push(pool, &g_array_index(list, Stretch, i), NULL);
    }
    g_thread_pool_free(pool, FALSE, TRUE);
    if (writer->error) {
        g_propagate_error(error, g_steal_pointer(&writer->error));
        return false;
    }
    return true;
}

/* Text for each month, by its number since year 0. */
static GString *month_text(GHashTable *months, gint64 day, const char *header)
{
    int year, month, date;
    base_time_civil_from_days(day, &year, &month, &date);
    gpointer key = GINT_TO_POINTER(year * 12 + month - 1);
    GString *text = g_hash_table_lookup(months, key);
    if (!text) {
        text = g_string_new(header);
        g_hash_table_insert(months, key, text);
    }
    return text;
}

static void text_free(gpointer text)
{
    g_string_free(text, TRUE);
}

static bool put_months(Writer *writer, GHashTable *months, const char *format, GError **error)
{
    GHashTableIter iter;
    gpointer key, text;
    g_hash_table_iter_init(&iter, months);
    while (g_hash_table_iter_next(&iter, &key, &text)) {
        int month = GPOINTER_TO_INT(key);
        g_autofree char *when = g_strdup_printf("%04d-%02d", month / 12, month % 12 + 1);
        g_auto(GStrv) parts = g_strsplit(format, "*", 2);
        g_autofree char *name = g_strconcat(parts[0], when, parts[1], NULL);
        if (!put(writer, name, text, error)) {
            return false;
        }
    }
    return true;
}

static void append_follow(Writer *writer, GHashTable *months, const DemoUser *user, guint artist,
                          const char *action, gint64 day, DemoRandom *random)
{
    GString *out = month_text(months, day, NULL);
    g_string_append_printf(out,
                           "{\"follow_id\":%" G_GINT64_FORMAT ",\"user_id\":%" G_GINT64_FORMAT
                           ",\"artist_id\":%" G_GINT64_FORMAT ",\"action_code\":\"%s\",\"followed_at\":\"",
                           700001 + writer->counts.n_follows, user->id, writer->world->artists[artist].id,
                           action);
    demo_append_time(out,
                     day * BASE_TIME_DAY_US + (gint64)demo_random_below(random, 86400) * BASE_TIME_SECOND_US);
    g_string_append(out, "\"}\n");
    writer->counts.n_follows++;
}

static bool write_follows(Writer *writer, GError **error)
{
    g_autoptr(GHashTable) months = g_hash_table_new_full(NULL, NULL, NULL, text_free);
    for (guint u = 0; u < DEMO_USERS; u++) {
        const DemoUser *user = &writer->world->users[u];
        DemoRandom random;
        demo_random_init(&random, 8, u, 0);
        for (guint i = 0; i < DEMO_FAVOURITES; i++) {
            gint64 day = user->first_day + (gint64)demo_random_exponential(&random, 40);
            gint64 last = MIN(user->last_day, writer->world->end_day);
            if (day >= last || !demo_random_chance(&random, 0.8)) {
                continue;
            }
            append_follow(writer, months, user, user->favourites[i], "follow", day, &random);
            gint64 off = day + 3 + (gint64)demo_random_exponential(&random, 60);
            if (demo_random_chance(&random, 0.1) && off < last) {
                append_follow(writer, months, user, user->favourites[i], "unfollow", off, &random);
            }
        }
    }
    return put_months(writer, months, "interactions/follows/follows_*.ndjson.gz", error);
}

static void append_listen(Writer *writer, GHashTable *months, const DemoUser *user, gint64 day,
                          DemoRandom *random)
{
    const DemoPodcast *podcast = &writer->world->podcasts[user->followed[demo_random_below(random, 4)]];
    gint64 now = day * BASE_TIME_DAY_US +
                 (6 * 3600 + (gint64)demo_random_below(random, 17 * 3600)) * BASE_TIME_SECOND_US;
    guint n = 0; /* published by now */
    while (n < podcast->n_episodes &&
           g_array_index(writer->world->episodes, DemoEpisode, podcast->first_episode + n).published_us <=
               now) {
        n++;
    }
    if (n == 0) {
        return;
    }
    guint back = (guint)demo_random_at_most(random, 2, n - 1); /* mostly the newest */
    const DemoEpisode *episode =
        &g_array_index(writer->world->episodes, DemoEpisode, podcast->first_episode + n - 1 - back);
    int seconds = demo_random_chance(random, 0.55) ? episode->seconds
                                                   : (int)(episode->seconds * demo_random_unit(random));
    GString *out = month_text(months, day, "listen_id,user_id,episode_id,device,listen_dur,listened_at\n");
    g_string_append_printf(out, "%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%s,%d,",
                           600001 + writer->counts.n_listens, user->id, episode->id,
                           demo_devices[user->device], seconds);
    demo_append_time(out, now);
    g_string_append_c(out, '\n');
    writer->counts.n_listens++;
}

static bool write_listens(Writer *writer, GError **error)
{
    g_autoptr(GHashTable) months = g_hash_table_new_full(NULL, NULL, NULL, text_free);
    for (guint u = 0; u < DEMO_USERS; u++) {
        const DemoUser *user = &writer->world->users[u];
        DemoRandom random;
        demo_random_init(&random, 9, u, 0);
        gint64 last = MIN(user->last_day, writer->world->end_day);
        double due = 0;
        for (gint64 day = user->first_day; user->podcasts_a_day > 0 && day < last; day++) {
            due += demo_random_exponential(&random, user->podcasts_a_day);
            for (; due >= 1; due -= 1) {
                append_listen(writer, months, user, day, &random);
            }
        }
    }
    return put_months(writer, months, "interactions/podcast_listens/listens_*.csv", error);
}

bool demo_data_write(const char *root, gint64 end_day, DemoCounts *ret, GError **error)
{
    g_autoptr(DemoWorld) world = demo_world_new(end_day);
    Writer writer = {.root = root, .world = world};
    g_mutex_init(&writer.lock);
    bool ok = write_users(&writer, error) && write_subscriptions(&writer, error) &&
              write_songs(&writer, error) && write_podcasts(&writer, error) &&
              write_follows(&writer, error) && write_listens(&writer, error) && write_plays(&writer, error);
    g_mutex_clear(&writer.lock);
    *ret = writer.counts;
    return ok;
}
