/* Who is in the made-up company: artists and songs with a long tail and new releases, podcasts, and listeners
 * with habits. */
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "cli/demo_int.h"

#define SEED G_GUINT64_CONSTANT(0x5765697244656d6f)

/* ---- random -------------------------------------------------------------------------------------------- */

static guint64 splitmix(guint64 *state)
{
    guint64 z = (*state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void demo_random_init(DemoRandom *random, guint64 a, guint64 b, guint64 c)
{
    guint64 state = SEED ^ (a * G_GUINT64_CONSTANT(0xd1342543de82ef95));
    state = splitmix(&state) ^ b;
    state = splitmix(&state) ^ c;
    for (int i = 0; i < 4; i++) {
        random->s[i] = splitmix(&state);
    }
}

static guint64 rotate(guint64 x, int k)
{
    return (x << k) | (x >> (64 - k));
}

guint64 demo_random_next(DemoRandom *random)
{
    guint64 *s = random->s;
    guint64 result = rotate(s[1] * 5, 7) * 9;
    guint64 t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double demo_random_unit(DemoRandom *random)
{
    return (double)(demo_random_next(random) >> 11) * 0x1.0p-53;
}

guint demo_random_below(DemoRandom *random, guint n)
{
    return (guint)(((demo_random_next(random) >> 32) * n) >> 32);
}

double demo_random_normal(DemoRandom *random)
{
    double u = 1 - demo_random_unit(random);
    return sqrt(-2 * log(u)) * cos(2 * G_PI * demo_random_unit(random));
}

double demo_random_exponential(DemoRandom *random, double mean)
{
    return -mean * log(1 - demo_random_unit(random));
}

/* Not MIN or MAX around a draw: the macros would draw twice. */
int demo_random_around(DemoRandom *random, double mean, double deviation, int low, int high)
{
    double value = mean + deviation * demo_random_normal(random);
    return CLAMP((int)value, low, high);
}

double demo_random_at_most(DemoRandom *random, double mean, double most)
{
    double value = demo_random_exponential(random, mean);
    return MIN(value, most);
}

bool demo_random_chance(DemoRandom *random, double p)
{
    return demo_random_unit(random) < p;
}

static guint weighted(DemoRandom *random, const double *weights, guint n)
{
    double total = 0;
    for (guint i = 0; i < n; i++) {
        total += weights[i];
    }
    double at = demo_random_unit(random) * total;
    for (guint i = 0; i + 1 < n; i++) {
        at -= weights[i];
        if (at < 0) {
            return i;
        }
    }
    return n - 1;
}

/* ---- words -----------------------------------------------------------------------------------------------
 */

const char *const demo_genres[DEMO_GENRES] = {"pop", "hiphop", "rock", "electronic", "folk",
                                              "rnb", "indie",  "jazz", "classical",  "metal"};
static const double genre_weights[DEMO_GENRES] = {26, 16, 14, 12, 9, 8, 6, 4, 3, 2};
const char *const demo_devices[6] = {"android", "ios", "web", "desktop", "car", "speaker"};
static const double device_weights[6] = {38, 34, 9, 9, 5, 5};

static const struct {
    const char *code, *language;
    double weight;
    const char *cities[4];
} countries[] = {{"CN", "zh", 46, {"上海", "北京", "深圳", "成都"}},
                 {"US", "en", 12, {"New York", "Chicago", "Austin", "Seattle"}},
                 {"JP", "ja", 8, {"東京", "大阪", "福岡", "札幌"}},
                 {"GB", "en", 6, {"London", "Leeds", "Bristol", "Glasgow"}},
                 {"KR", "ko", 6, {"서울", "부산", "인천", "대구"}},
                 {"DE", "de", 5, {"Berlin", "Köln", "Hamburg", "München"}},
                 {"FR", "fr", 5, {"Paris", "Lyon", "Nantes", "Lille"}},
                 {"BR", "pt", 4, {"São Paulo", "Recife", "Curitiba", "Salvador"}},
                 {"SG", "en", 4, {"Singapore", "Singapore", "Singapore", "Singapore"}},
                 {"IN", "hi", 4, {"Mumbai", "Delhi", "Pune", "Chennai"}}};

static const char *const en_first[] = {
    "Velvet", "Silver", "Neon",     "Quiet", "Golden", "Paper",   "Electric", "Hollow", "Crimson", "Northern",
    "Little", "Broken", "Midnight", "Wild",  "Glass",  "Distant", "Lucky",    "Marble", "Slow",    "Hidden"};
static const char *const en_second[] = {"Harbor",  "Foxes",  "Parade",   "Rivers",  "Satellite",
                                        "Garden",  "Echo",   "Lanterns", "Machine", "Horizon",
                                        "Kites",   "Avenue", "Wolves",   "Letters", "Static",
                                        "Orchard", "Tides",  "Signal",   "Arcade",  "Winter"};
static const char *const zh_first[] = {"青石", "夜航", "山海", "纸鸢", "南风", "白昼", "旧街",
                                       "星河", "微光", "北屿", "云上", "雾都", "长夏", "橙色",
                                       "无声", "远山", "逆光", "浮岛", "秋千", "拾光"};
static const char *const zh_artist[] = {"乐队", "合唱团", "计划", "三人行", "先生",
                                        "小姐", "俱乐部", "剧场", "研究所", "列车"};
static const char *const zh_song[] = {"之夜", "来信", "的梦",   "故事", "练习曲", "小调", "慢舞",
                                      "回声", "与海", "备忘录", "手记", "未眠",   "旅人", "情书",
                                      "序曲", "独白", "尽头",   "重逢", "片段",   "日落"};
static const char *const en_song[] = {"Heart", "Road",   "Summer", "Fire",    "Dream",  "Rain",   "Home",
                                      "Light", "City",   "Dance",  "Goodbye", "Stars",  "Ocean",  "Ghost",
                                      "Radio", "Sunday", "Mirror", "Gravity", "Colors", "Runaway"};
static const char *const given_names[] = {
    "伟",    "芳",    "娜",   "敏",    "静",    "强",   "磊",   "洋",    "艳",    "杰",   "Anna",  "Ben",
    "Chloe", "David", "Emma", "Felix", "Grace", "Hugo", "Iris", "Jonas", "Kenji", "Luna", "Minho", "Nina"};
static const char *const family_names[] = {"王",    "李",    "张",     "刘",    "陈",      "杨",
                                           "赵",    "黄",    "周",     "吴",    "Miller",  "Smith",
                                           "Brown", "Weber", "Martin", "Silva", "Sato",    "Kim",
                                           "Singh", "Tan",   "Moreau", "Costa", "Fischer", "Evans"};
static const char *const categories[] = {"news",     "technology", "history", "comedy",
                                         "business", "health",     "music",   "stories"};
static const char *const zh_topics[] = {"早间", "科技", "历史", "深夜", "商业", "身心", "音乐", "城市"};
static const char *const en_topics[] = {"Morning",  "Tech",          "History", "Late Night",
                                        "Business", "Body and Mind", "Music",   "City"};

#define PICK(random, words) ((words)[demo_random_below((random), G_N_ELEMENTS(words))])

static guint pick_country(DemoRandom *random)
{
    double weights[G_N_ELEMENTS(countries)];
    for (guint i = 0; i < G_N_ELEMENTS(countries); i++) {
        weights[i] = countries[i].weight;
    }
    return weighted(random, weights, G_N_ELEMENTS(countries));
}

/* ---- artists and songs
 * -------------------------------------------------------------------------------------- */

static gint by_genre(gconstpointer a, gconstpointer b, gpointer unused)
{
    (void)unused;
    const DemoArtist *left = a, *right = b;
    if (left->genre != right->genre) {
        return left->genre < right->genre ? -1 : 1;
    }
    return left->id < right->id ? -1 : left->id > right->id;
}

static void make_artists(DemoWorld *world)
{
    DemoRandom random;
    demo_random_init(&random, 1, 0, 0);
    for (guint i = 0; i < DEMO_ARTISTS; i++) {
        DemoArtist *artist = &world->artists[i];
        guint country = pick_country(&random);
        bool zh = g_str_equal(countries[country].code, "CN");
        artist->id = 1001 + i;
        artist->country = countries[country].code;
        artist->genre = weighted(&random, genre_weights, DEMO_GENRES);
        artist->popularity = pow(i + 1, -0.85); /* rank = order of id */
        /* i picks the pair of words, so that no two artists share a name */
        artist->name =
            zh ? g_strconcat(zh_first[i % 20], zh_artist[i / 20 % 10], i >= 200 ? "二号" : "", NULL)
               : g_strconcat(i % 3 ? "" : "The ", en_first[i % 20], " ", en_second[i / 20], NULL);
    }
    g_qsort_with_data(world->artists, DEMO_ARTISTS, sizeof(DemoArtist), by_genre, NULL);
}

static char *song_title(DemoRandom *random, bool zh)
{
    if (zh) {
        return g_strconcat(PICK(random, zh_first), PICK(random, zh_song), NULL);
    }
    return demo_random_chance(random, 0.4)
               ? g_strdup(PICK(random, en_song))
               : g_strconcat(PICK(random, en_first), " ", PICK(random, en_song), NULL);
}

static const char *language_of(const char *country)
{
    for (guint i = 0; i < G_N_ELEMENTS(countries); i++) {
        if (g_str_equal(countries[i].code, country)) {
            return countries[i].language;
        }
    }
    return "en";
}

/* Songs of the well-known are more, and an artist's own songs have a tail too. One in twelve is new. */
static void make_song(DemoWorld *world, DemoRandom *random, guint i, guint artist, guint rank)
{
    DemoSong *song = &world->songs[i];
    const DemoArtist *by = &world->artists[artist];
    song->title = song_title(random, g_str_equal(by->country, "CN"));
    song->artist = artist;
    song->genre = by->genre;
    song->language = language_of(by->country);
    song->seconds = demo_random_around(random, 215, 45, 95, 540);
    song->weight = by->popularity * pow(rank + 1, -0.75) * exp(0.4 * demo_random_normal(random));
    bool new = demo_random_chance(random, 1.0 / 12);
    song->release_day = new ? world->first_day + (gint64)demo_random_below(random, DEMO_DAYS - 2)
                            : world->first_day - 1 - (gint64)demo_random_exponential(random, 1400);
}

static void make_songs(DemoWorld *world)
{
    DemoRandom random;
    demo_random_init(&random, 2, 0, 0);
    guint n = 0;
    for (guint a = 0; a < DEMO_ARTISTS; a++) {
        DemoArtist *artist = &world->artists[a];
        guint left = DEMO_ARTISTS - a - 1;
        guint wanted = 4 + demo_random_below(&random, 13);
        guint most = DEMO_SONGS - n - left * 4;
        guint least = DEMO_SONGS - n > left * 16 ? DEMO_SONGS - n - left * 16 : 4;
        artist->first_song = n;
        artist->n_songs = CLAMP(wanted, least, most);
        for (guint rank = 0; rank < artist->n_songs; rank++) {
            make_song(world, &random, n++, a, rank);
        }
    }
    /* ids in an order that says nothing */
    guint order[DEMO_SONGS];
    for (guint i = 0; i < DEMO_SONGS; i++) {
        guint j = demo_random_below(&random, i + 1);
        order[i] = j == i ? i : order[j];
        order[j] = i;
    }
    for (guint i = 0; i < DEMO_SONGS; i++) {
        world->songs[i].id = 20001 + order[i];
    }
    guint at = 0;
    for (guint genre = 0; genre <= DEMO_GENRES; genre++) {
        while (at < DEMO_SONGS && world->songs[at].genre < genre) {
            at++;
        }
        world->genre_start[genre] = at;
    }
}

/* ---- podcasts
 * -------------------------------------------------------------------------------------------------- */

static void make_podcasts(DemoWorld *world)
{
    DemoRandom random;
    demo_random_init(&random, 3, 0, 0);
    world->episodes = g_array_new(FALSE, FALSE, sizeof(DemoEpisode));
    for (guint i = 0; i < DEMO_PODCASTS; i++) {
        DemoPodcast *podcast = &world->podcasts[i];
        guint topic = demo_random_below(&random, G_N_ELEMENTS(categories));
        bool zh = demo_random_chance(&random, 0.5);
        podcast->id = 501 + i;
        podcast->category = categories[topic];
        podcast->language = zh ? "zh" : "en";
        podcast->title = zh ? g_strconcat(zh_topics[topic], "·", PICK(&random, zh_first), NULL)
                            : g_strconcat(en_topics[topic], " ", PICK(&random, en_second), NULL);
        podcast->publisher = zh ? g_strconcat(PICK(&random, zh_first), "工作室", NULL)
                                : g_strconcat(PICK(&random, en_first), " Media", NULL);
        podcast->first_episode = world->episodes->len;
        gint64 every = 3 + demo_random_below(&random, 8);
        guint number = 1;
        for (gint64 day = world->first_day - 90 + (gint64)demo_random_below(&random, (guint)every);
             day < world->end_day; day += every) {
            DemoEpisode episode = {.id = 70001 + world->episodes->len,
                                   .podcast_id = podcast->id,
                                   .seconds = demo_random_around(&random, 2100, 700, 420, 7200),
                                   .published_us =
                                       day * BASE_TIME_DAY_US + (5 + (gint64)demo_random_below(&random, 5)) *
                                                                    3600 * BASE_TIME_SECOND_US};
            episode.title = g_strdup_printf(zh ? "第 %u 期：%s" : "%u. %s", number,
                                            zh ? PICK(&random, zh_song) : PICK(&random, en_song));
            number++;
            g_array_append_val(world->episodes, episode);
        }
        podcast->n_episodes = world->episodes->len - podcast->first_episode;
    }
}

/* ---- listeners
 * ---------------------------------------------------------------------------------------------------- */

/* Listening by hour of the day: a commuter, an office, an evening, a night person, a student. */
static const double rhythms[5][24] = {
    {1, 0, 0, 0, 0, 1, 5, 14, 12, 4, 2, 2, 3, 2, 2, 2, 4, 12, 13, 7, 6, 6, 5, 3},
    {0, 0, 0, 0, 0, 0, 1, 3, 6, 9, 10, 10, 5, 7, 10, 10, 9, 6, 4, 3, 3, 2, 2, 1},
    {1, 0, 0, 0, 0, 0, 1, 3, 3, 2, 2, 2, 4, 3, 2, 2, 3, 5, 8, 11, 13, 14, 10, 5},
    {10, 7, 4, 2, 1, 0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 3, 3, 4, 5, 6, 8, 11, 13, 13},
    {2, 1, 0, 0, 0, 0, 2, 5, 3, 2, 3, 3, 7, 5, 3, 3, 6, 9, 8, 8, 9, 10, 8, 4}};
static const double weekend[24] = {4, 2, 1, 0, 0, 0, 1, 2, 4, 6, 8, 8, 7, 7, 8, 8, 7, 7, 7, 7, 8, 8, 7, 6};

static void set_hours(DemoRandom *random, DemoUser *user)
{
    const double *rhythm = rhythms[demo_random_below(random, 5)];
    for (int kind = 0; kind < 2; kind++) {
        double total = 0;
        for (int hour = 0; hour < 24; hour++) {
            double base = kind == 0 ? rhythm[hour] : 0.35 * rhythm[hour] + 0.65 * weekend[hour];
            total += base * exp(0.25 * demo_random_normal(random));
            user->hours[kind][hour] = total;
        }
    }
}

/* Favourites come from the user's genres, the well-known more often. */
static void set_taste(const DemoWorld *world, DemoRandom *random, DemoUser *user)
{
    double own[DEMO_GENRES];
    for (guint g = 0; g < DEMO_GENRES; g++) {
        own[g] = genre_weights[g] * exp(1.1 * demo_random_normal(random));
    }
    for (guint i = 0; i < 3; i++) {
        user->genres[i] = weighted(random, own, DEMO_GENRES);
    }
    double weights[DEMO_ARTISTS];
    for (guint a = 0; a < DEMO_ARTISTS; a++) {
        const DemoArtist *artist = &world->artists[a];
        bool home = g_str_equal(artist->country, user->country);
        weights[a] = sqrt(artist->popularity) * own[artist->genre] * (home ? 3 : 1);
    }
    for (guint i = 0; i < DEMO_FAVOURITES; i++) {
        user->favourites[i] = weighted(random, weights, DEMO_ARTISTS);
        weights[user->favourites[i]] = 0;
    }
    for (guint i = 0; i < DEMO_LIBRARY; i++) {
        const DemoArtist *artist =
            &world->artists[user->favourites[demo_random_below(random, DEMO_FAVOURITES)]];
        user->library[i] = artist->first_song + demo_random_below(random, artist->n_songs);
    }
}

static void set_plan(const DemoWorld *world, DemoRandom *random, DemoUser *user)
{
    if (!demo_random_chance(random, 0.2 + 0.3 * (user->activity > 1))) {
        return;
    }
    static const char *const plans[] = {"premium", "premium", "premium", "student", "family"};
    user->plan = PICK(random, plans);
    gint64 tried = user->first_day + (gint64)demo_random_exponential(random, 25);
    gint64 started = world->first_day + (gint64)demo_random_below(random, 30);
    user->plan_day = MAX(tried, started);
    if (demo_random_chance(random, 0.18)) {
        user->cancel_day = user->plan_day + 20 + (gint64)demo_random_exponential(random, 60);
    }
    if (user->plan_day >= world->end_day) {
        user->plan = NULL;
    }
}

static void make_user(DemoWorld *world, guint i)
{
    DemoUser *user = &world->users[i];
    DemoRandom random;
    demo_random_init(&random, 4, i, 0);
    guint country = pick_country(&random);
    user->id = 1 + i;
    user->country = countries[country].code;
    user->city = countries[country].cities[demo_random_below(&random, 4)];
    bool zh = g_str_equal(user->country, "CN");
    guint half = G_N_ELEMENTS(given_names) - 14;
    guint family = zh ? demo_random_below(&random, half) : half + demo_random_below(&random, 14);
    guint given = zh ? demo_random_below(&random, half) : half + demo_random_below(&random, 14);
    user->name = g_strconcat(zh ? family_names[family] : given_names[given], zh ? "" : " ",
                             zh ? given_names[given] : family_names[family], NULL);
    double told = demo_random_unit(&random);
    user->gender = told < 0.46 ? "F" : told < 0.93 ? "M" : NULL;
    user->birth_year =
        demo_random_chance(&random, 0.04) ? 0 : demo_random_around(&random, 1996, 9, 1948, 2012);
    bool new = demo_random_chance(&random, 0.25);
    gint64 day = new ? world->first_day + (gint64)demo_random_below(&random, DEMO_DAYS - 5)
                     : world->first_day - 1 - (gint64)demo_random_below(&random, 1000);
    user->registered_us =
        day * BASE_TIME_DAY_US + (gint64)demo_random_below(&random, 86400) * BASE_TIME_SECOND_US;
    user->first_day = MAX(world->first_day, day + 1);
    user->last_day = demo_random_chance(&random, 0.1)
                         ? user->first_day + 15 + (gint64)demo_random_below(&random, DEMO_DAYS)
                         : world->end_day;
    user->activity = exp(0.85 * demo_random_normal(&random));
    user->idle = 0.08 + 0.35 * demo_random_unit(&random);
    user->patience = 0.5 + demo_random_unit(&random);
    user->device = weighted(&random, device_weights, 6);
    user->second_device = weighted(&random, device_weights, 6);
    set_hours(&random, user);
    set_taste(world, &random, user);
    set_plan(world, &random, user);
    user->podcasts_a_day = demo_random_chance(&random, 0.42) ? demo_random_exponential(&random, 0.6) : 0;
    for (guint k = 0; k < 4; k++) {
        user->followed[k] = demo_random_below(&random, DEMO_PODCASTS);
    }
}

/* ---- how much
 * ----------------------------------------------------------------------------------------------------- */

/* Shares DEMO_PLAYS out over users and days: habits, the week, growth, good and idle days. */
static void share_out(DemoWorld *world)
{
    static const double week[7] = {0.92, 0.90, 0.93, 0.97, 1.08, 1.20, 1.10}; /* Monday first */
    g_autofree double *weights = g_new0(double, (gsize)DEMO_DAYS *DEMO_USERS);
    double total = 0;
    for (guint d = 0; d < DEMO_DAYS; d++) {
        gint64 day = world->first_day + d;
        double season = week[(day + 3) % 7] * (1 + 0.25 * d / DEMO_DAYS); /* 1970-01-01 was a Thursday */
        for (guint u = 0; u < DEMO_USERS; u++) {
            const DemoUser *user = &world->users[u];
            DemoRandom random;
            demo_random_init(&random, 5, u, (guint64)d);
            if (day >= user->first_day && day < user->last_day && !demo_random_chance(&random, user->idle)) {
                total += weights[d * DEMO_USERS + u] =
                    user->activity * season * exp(0.45 * demo_random_normal(&random));
            }
        }
    }
    double seen = 0;
    gint64 given = 0;
    for (guint d = 0; d < DEMO_DAYS; d++) {
        world->first_play[d] = 100000001 + given;
        for (guint u = 0; u < DEMO_USERS; u++) {
            seen += weights[d * DEMO_USERS + u];
            gint64 upto = (gint64)(seen / total * DEMO_PLAYS + 0.5);
            world->plays[d][u] = (guint32)(upto - given);
            given = upto;
        }
    }
}

DemoWorld *demo_world_new(gint64 end_day)
{
    DemoWorld *world = g_new0(DemoWorld, 1);
    world->end_day = end_day;
    world->first_day = end_day - DEMO_DAYS;
    make_artists(world);
    make_songs(world);
    make_podcasts(world);
    for (guint i = 0; i < DEMO_USERS; i++) {
        make_user(world, i);
    }
    share_out(world);
    return world;
}

void demo_world_free(DemoWorld *world)
{
    if (!world) {
        return;
    }
    for (guint i = 0; i < DEMO_ARTISTS; i++) {
        g_free(world->artists[i].name);
    }
    for (guint i = 0; i < DEMO_SONGS; i++) {
        g_free(world->songs[i].title);
    }
    for (guint i = 0; i < DEMO_PODCASTS; i++) {
        g_free(world->podcasts[i].title);
        g_free(world->podcasts[i].publisher);
    }
    for (guint i = 0; i < world->episodes->len; i++) {
        g_free(g_array_index(world->episodes, DemoEpisode, i).title);
    }
    g_array_unref(world->episodes);
    for (guint i = 0; i < DEMO_USERS; i++) {
        g_free(world->users[i].name);
    }
    g_free(world);
}
