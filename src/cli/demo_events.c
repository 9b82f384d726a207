/* A day of plays. A listener's plays of a day come in sessions at the hours of their habit; each song is from
 * their library, a favourite artist, a favourite genre or the charts; how likely they skip it depends on
 * which. And what life does to events: late ones, repeated ones, spellings, clocks, rows that cannot be read.
 */
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "cli/demo_int.h"

typedef struct {
    const DemoWorld *world;
    guint day;
    gint64 date;                 /* days since 1970-01-01 */
    double sums[DEMO_SONGS + 1]; /* prefix sums of the day's weights: any range can be drawn from */
    DemoDayOut *out;
} Day;

typedef struct {
    gint64 id, user_id, song_id; /* song_id 0 = missing */
    const char *device, *source;
    int seconds;
    gint64 played_us, received_us;
} Play;

/* ---- writing ------------------------------------------------------------------------------------------- */

void demo_append_int(GString *out, gint64 value)
{
    char digits[24];
    gsize at = sizeof digits;
    guint64 rest = value < 0 ? (guint64)-value : (guint64)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) {
        digits[--at] = '-';
    }
    g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
}

static void put2(char *at, int value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
}

void demo_append_time(GString *out, gint64 local_us)
{
    gint64 seconds = local_us / BASE_TIME_SECOND_US;
    gint64 days = seconds / 86400;
    int rest = (int)(seconds % 86400), year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    char text[19] = "0000-00-00 00:00:00";
    put2(text, year / 100);
    put2(text + 2, year % 100);
    put2(text + 5, month);
    put2(text + 8, day);
    put2(text + 11, rest / 3600);
    put2(text + 14, rest / 60 % 60);
    put2(text + 17, rest % 60);
    g_string_append_len(out, text, sizeof text);
}

void demo_append_csv(GString *out, const char *text)
{
    if (!text) {
        return;
    }
    if (!strpbrk(text, ",\"\n\r")) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '"');
    for (const char *c = text; *c; c++) {
        g_string_append_c(out, *c);
        if (*c == '"') {
            g_string_append_c(out, '"');
        }
    }
    g_string_append_c(out, '"');
}

static void append_csv_play(GString *out, const Play *play)
{
    demo_append_int(out, play->id);
    g_string_append_c(out, ',');
    demo_append_int(out, play->user_id);
    g_string_append_c(out, ',');
    if (play->song_id) {
        demo_append_int(out, play->song_id);
    } else {
        g_string_append(out, "\\N");
    }
    g_string_append_c(out, ',');
    g_string_append(out, play->device ? play->device : "\\N");
    g_string_append_c(out, ',');
    g_string_append(out, play->source);
    g_string_append_c(out, ',');
    demo_append_int(out, play->seconds);
    g_string_append_c(out, ',');
    demo_append_time(out, play->played_us);
    g_string_append_c(out, ',');
    demo_append_time(out, play->received_us);
    g_string_append_c(out, '\n');
}

static void append_json_play(GString *out, const Play *play)
{
    g_string_append(out, "{\"play_id\":");
    demo_append_int(out, play->id);
    g_string_append(out, ",\"user_id\":");
    demo_append_int(out, play->user_id);
    if (play->song_id) {
        g_string_append(out, ",\"song_id\":");
        demo_append_int(out, play->song_id);
    }
    if (play->device) {
        g_string_append(out, ",\"device\":\"");
        g_string_append(out, play->device);
        g_string_append_c(out, '"');
    }
    g_string_append(out, ",\"source_code\":\"");
    g_string_append(out, play->source);
    g_string_append(out, "\",\"play_dur\":");
    demo_append_int(out, play->seconds);
    g_string_append(out, ",\"played_at\":\"");
    demo_append_time(out, play->played_us);
    g_string_append(out, "\",\"received_at\":\"");
    demo_append_time(out, play->received_us);
    g_string_append(out, "\"}\n");
}

static void append_play(Day *day, const Play *play)
{
    (day->out->json ? append_json_play : append_csv_play)(day->out->plays, play);
}

/* A row that no reader can take: it is rejected at the load, with a reason. */
static void append_broken(Day *day, DemoRandom *random, const Play *play)
{
    GString *out = day->out->plays;
    guint how = demo_random_below(random, 3);
    if (day->out->json) {
        static const char *const lines[] = {
            "{\"play_id\":\"#REF!\",\"user_id\":17,\"song_id\":20017,\"played_at\":\"never\"}\n",
            "{\"play_id\":true,\"user_id\":\"?\",\"played_at\":\"2026-13-45 25:61:00\"}\n",
            "{\"play_id\": 100000001, \"user_id\": 17, \"son\n"};
        g_string_append(out, lines[how]);
        return;
    }
    if (how == 0) { /* a spreadsheet had it */
        g_string_append(out, "#REF!,");
        demo_append_int(out, play->user_id);
        g_string_append(out, ",20017,android,library,12,2026-13-45 25:61:00,never\n");
    } else if (how == 1) { /* cut off in the middle */
        demo_append_int(out, play->id);
        g_string_append(out, ",17,200\n");
    } else { /* an identifier of another system */
        g_string_append(out, "a81f-33c2,u-17,s-20017,web,search,31,");
        demo_append_time(out, play->played_us);
        g_string_append(out, ",yesterday\n");
    }
}

/* ---- choosing --------------------------------------------------------------------------------------------
 */

/* A song is heard more in its first weeks, and not before it is out. */
static void set_weights(Day *day)
{
    double total = 0;
    for (guint i = 0; i < DEMO_SONGS; i++) {
        const DemoSong *song = &day->world->songs[i];
        gint64 age = day->date - song->release_day;
        day->sums[i] = total;
        if (age >= 0) {
            total += song->weight * (age < 120 ? 1 + 7 * exp(-(double)age / 18) : 1);
        }
    }
    day->sums[DEMO_SONGS] = total;
}

static guint draw(const Day *day, DemoRandom *random, guint from, guint to)
{
    double low = day->sums[from], high = day->sums[to];
    if (high <= low) { /* nothing of it is out yet */
        from = 0;
        to = DEMO_SONGS;
        low = 0;
        high = day->sums[DEMO_SONGS];
    }
    double at = low + demo_random_unit(random) * (high - low);
    while (to - from > 1) {
        guint middle = (from + to) / 2;
        if (day->sums[middle] <= at) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from;
}

static guint choose(const Day *day, const DemoUser *user, DemoRandom *random, const char **ret_source,
                    double *ret_skip)
{
    double at = demo_random_unit(random);
    if (at < 0.36) {
        /* the front of the library is worn out most */
        guint i = (guint)(DEMO_LIBRARY * pow(demo_random_unit(random), 1.7));
        guint song = user->library[i];
        *ret_source = "library";
        *ret_skip = 0.07;
        if (day->world->songs[song].release_day <= day->date) {
            return song;
        }
    }
    if (at < 0.64) {
        guint i = (guint)(DEMO_FAVOURITES * pow(demo_random_unit(random), 1.5));
        const DemoArtist *artist = &day->world->artists[user->favourites[i]];
        *ret_source = at < 0.5 ? "playlist" : "search";
        *ret_skip = 0.14;
        return draw(day, random, artist->first_song, artist->first_song + artist->n_songs);
    }
    if (at < 0.84) {
        guint genre = user->genres[demo_random_below(random, 3)];
        *ret_source = at < 0.74 ? "radio" : "recommend";
        *ret_skip = 0.27;
        return draw(day, random, day->world->genre_start[genre], day->world->genre_start[genre + 1]);
    }
    *ret_source = at < 0.94 ? "chart" : "recommend";
    *ret_skip = 0.36;
    return draw(day, random, 0, DEMO_SONGS);
}

static const char *device_name(const DemoUser *user, DemoRandom *random)
{
    static const char *const odd[] = {"iPhone", "Android ", "iOS", "WEB"};
    double at = demo_random_unit(random);
    if (at < 0.72) {
        return demo_devices[user->device];
    }
    if (at < 0.93) {
        return demo_devices[user->second_device];
    }
    if (at < 0.985) {
        return demo_devices[demo_random_below(random, 6)];
    }
    return at < 0.995 ? odd[demo_random_below(random, 4)] : NULL;
}

/* ---- a play
 * --------------------------------------------------------------------------------------------------- */

static int heard(const DemoSong *song, const DemoUser *user, DemoRandom *random, double skip)
{
    if (demo_random_chance(random, MIN(skip * user->patience, 0.9))) {
        return 2 + (int)demo_random_at_most(random, 9, 27);
    }
    return demo_random_chance(random, 0.86) ? song->seconds
                                            : (int)(song->seconds * (0.5 + 0.5 * demo_random_unit(random)));
}

/* When the event came in: soon, or hours later from a phone that was off line; never after the last day. */
static gint64 received(const Day *day, DemoRandom *random, gint64 played_us, int seconds)
{
    gint64 at = played_us + (seconds + (gint64)demo_random_below(random, 4)) * BASE_TIME_SECOND_US;
    if (demo_random_chance(random, 0.02)) {
        at += (gint64)demo_random_at_most(random, 6 * 3600, 36 * 3600) * BASE_TIME_SECOND_US;
    }
    return MIN(at, day->world->end_day * BASE_TIME_DAY_US - BASE_TIME_SECOND_US);
}

/* What a few devices send: no clock, no song, negative or endless seconds, songs that nobody knows. */
static void spoil(DemoRandom *random, Play *play)
{
    switch (demo_random_below(random, 5)) {
    case 0:
        play->played_us = (8 * 3600 + (gint64)demo_random_below(random, 600)) * BASE_TIME_SECOND_US;
        break;
    case 1:
        play->song_id = 0;
        break;
    case 2:
        play->seconds = -1;
        break;
    case 3:
        play->seconds = 86400;
        break;
    default:
        play->song_id = 99990000 + (gint64)demo_random_below(random, 20);
        break;
    }
}

static void write_play(Day *day, DemoRandom *random, Play *play)
{
    bool spoiled = demo_random_chance(random, 0.0003);
    if (spoiled) {
        spoil(random, play);
    }
    append_play(day, play);
    day->out->n_plays++;
    if (demo_random_chance(random, 0.003)) { /* the same event, delivered again */
        play->received_us += (1 + (gint64)demo_random_below(random, 240)) * BASE_TIME_SECOND_US;
        append_play(day, play);
    }
    if (demo_random_chance(random, 0.00004)) {
        append_broken(day, random, play);
    }
}

static void write_like(Day *day, DemoRandom *random, const Play *play, const char *source, bool full)
{
    if (!full || !demo_random_chance(random, g_str_equal(source, "library") ? 0.004 : 0.026)) {
        return;
    }
    GString *out = day->out->likes;
    demo_append_int(out, play->id + 400000000);
    g_string_append_c(out, ',');
    demo_append_int(out, play->user_id);
    g_string_append_c(out, ',');
    demo_append_int(out, play->song_id);
    g_string_append_c(out, ',');
    demo_append_time(out, play->played_us + (gint64)(play->seconds / 2) * BASE_TIME_SECOND_US);
    g_string_append_c(out, '\n');
    day->out->n_likes++;
}

/* One session: songs one after the other from `second` of the day on. The day is a ring, so that it keeps its
 * plays. */
static gint64 session(Day *day, const DemoUser *user, DemoRandom *random, gint64 id, guint n)
{
    const double *hours = user->hours[(day->date + 3) % 7 >= 5];
    double at = demo_random_unit(random) * hours[23];
    guint hour = 0;
    while (hour < 23 && hours[hour] <= at) {
        hour++;
    }
    gint64 second = hour * 3600 + demo_random_below(random, 3600);
    const char *device = device_name(user, random);
    for (guint i = 0; i < n; i++) {
        const char *source;
        double skip;
        const DemoSong *song = &day->world->songs[choose(day, user, random, &source, &skip)];
        Play play = {
            .id = id++, .user_id = user->id, .song_id = song->id, .device = device, .source = source};
        play.seconds = heard(song, user, random, skip);
        play.played_us = (day->date * 86400 + second % 86400) * BASE_TIME_SECOND_US;
        play.received_us = received(day, random, play.played_us, play.seconds);
        write_like(day, random, &play, source, play.seconds == song->seconds);
        second += MAX(play.seconds, 1) + 1 + demo_random_below(random, 4);
        write_play(day, random, &play);
    }
    return id;
}

void demo_events_day(const DemoWorld *world, guint day_number, DemoDayOut *out)
{
    g_autofree Day *day = g_new0(Day, 1);
    day->world = world;
    day->day = day_number;
    day->date = world->first_day + day_number;
    day->out = out;
    set_weights(day);
    gint64 id = world->first_play[day_number];
    for (guint u = 0; u < DEMO_USERS; u++) {
        guint left = world->plays[day_number][u];
        DemoRandom random;
        demo_random_init(&random, 6, u, day_number);
        while (left > 0) {
            guint wish = 2 + demo_random_below(&random, 12);
            guint n = MIN(left, wish);
            id = session(day, &world->users[u], &random, id, n);
            left -= n;
        }
    }
}
