/* Guessing of passwords, slowed. Counted are wrong passwords in a row of one name from one host, so that who
 * guesses an account elsewhere does not lock its owner out. Past the setting's number each further try waits
 * a pause that doubles up to PAUSE_MAX_US; a right password in between is refused as well, else the pause
 * would tell it. In memory only: a restart forgets. */
#include "access/access_int.h"
#include "base/time.h"

#define PAUSE_US     (2 * BASE_TIME_SECOND_US)
#define PAUSE_MAX_US (60 * BASE_TIME_SECOND_US)
#define KEEP_US      (600 * BASE_TIME_SECOND_US) /* without a try; then it is forgotten */
#define KEEP_MAX     10000

typedef struct {
    guint wrong;
    gint64 last_us; /* monotonic */
} Guesser;

struct AccessGuesses {
    GMutex lock;
    GHashTable *guessers; /* "name\nhost" -> Guesser */
    gint n;               /* atomic: of guessers; most of the time there are none */
};

AccessGuesses *access_guesses_new(void)
{
    AccessGuesses *guesses = g_new0(AccessGuesses, 1);
    g_mutex_init(&guesses->lock);
    guesses->guessers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return guesses;
}

void access_guesses_free(AccessGuesses *guesses)
{
    if (guesses) {
        g_hash_table_unref(guesses->guessers);
        g_mutex_clear(&guesses->lock);
        g_free(guesses);
    }
}

/* Its port is another one each time. */
static char *key_of(const char *name, const char *peer)
{
    const char *colon = strrchr(peer, ':');
    return g_strdup_printf("%.*s\n%.*s", ACCESS_MAX_NAME_BYTES, name,
                           (int)(colon ? colon - peer : (ptrdiff_t)strlen(peer)), peer);
}

static gint64 pause_us(guint wrong, guint allowed)
{
    guint doublings = wrong > allowed ? MIN(wrong - allowed, 16) : 0;
    return wrong < allowed ? 0 : MIN(PAUSE_US << doublings, PAUSE_MAX_US);
}

unsigned access_guess_pause_s(Access *access, const char *name, const char *peer)
{
    AccessGuesses *guesses = access->guesses;
    guint allowed = (guint)g_atomic_int_get(&access->guesses_allowed);
    if (allowed == 0 || g_atomic_int_get(&guesses->n) == 0) {
        return 0;
    }
    g_autofree char *key = key_of(name, peer);
    g_mutex_lock(&guesses->lock);
    const Guesser *own = g_hash_table_lookup(guesses->guessers, key);
    gint64 left_us = own ? own->last_us + pause_us(own->wrong, allowed) - base_time_monotonic_us() : 0;
    g_mutex_unlock(&guesses->lock);
    return left_us <= 0 ? 0 : (unsigned)((left_us + BASE_TIME_SECOND_US - 1) / BASE_TIME_SECOND_US);
}

bool access_guess_begin(Access *access, const char *name, const char *peer, GError **error)
{
    unsigned seconds = peer ? access_guess_pause_s(access, name, peer) : 0;
    if (seconds == 0) {
        return true;
    }
    base_fail(error, BASE_E_SIGN_IN_PAUSED, "too many wrong passwords for user '%s' from this host", name);
    base_error_hint(error, "try again in %u s", seconds);
    base_error_not_done(error, "The password was not looked at.");
    return false;
}

static gboolean is_old(gpointer key, gpointer value, gpointer now_us)
{
    (void)key;
    return ((const Guesser *)value)->last_us + KEEP_US < *(const gint64 *)now_us;
}

/* With the lock. */
static void count_wrong(AccessGuesses *guesses, const char *key)
{
    gint64 now_us = base_time_monotonic_us();
    Guesser *own = g_hash_table_lookup(guesses->guessers, key);
    if (!own && g_hash_table_size(guesses->guessers) >= KEEP_MAX) {
        g_hash_table_foreach_remove(guesses->guessers, is_old, &now_us);
    }
    if (!own && g_hash_table_size(guesses->guessers) >= KEEP_MAX) {
        g_hash_table_remove_all(guesses->guessers);
    }
    if (!own) {
        own = g_new0(Guesser, 1);
        g_hash_table_insert(guesses->guessers, g_strdup(key), own);
    } else if (own->last_us + KEEP_US < now_us) {
        own->wrong = 0;
    }
    own->wrong++;
    own->last_us = now_us;
}

void access_guess_end(Access *access, const char *name, const char *peer, bool right)
{
    AccessGuesses *guesses = access->guesses;
    if (!peer || g_atomic_int_get(right ? &guesses->n : &access->guesses_allowed) == 0) {
        return;
    }
    g_autofree char *key = key_of(name, peer);
    g_mutex_lock(&guesses->lock);
    if (right) {
        g_hash_table_remove(guesses->guessers, key);
    } else {
        count_wrong(guesses, key);
    }
    g_atomic_int_set(&guesses->n, (gint)g_hash_table_size(guesses->guessers));
    g_mutex_unlock(&guesses->lock);
}

void access_guess_allow(Access *access, unsigned wrong)
{
    g_atomic_int_set(&access->guesses_allowed, (gint)wrong);
}
