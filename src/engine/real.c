/* Shortest decimal of a binary floating-point number that reads back as the same number, and the one
 * nearest to it among those: Raffaello Giulietti, "The Schubfach way to render doubles" (2021),
 * sections 8 and 9; variable names follow the paper.
 *
 * It needs g(k) = ceil(10^k * 2^(127 - floor(log2 10^k))), 128 bits with the top one set, for every k
 * that a double can need. The 617 numbers are computed exactly at first use (about a millisecond)
 * instead of being written down. */
#include <math.h>
#include <string.h>

#include "engine/engine_int.h"

__extension__ typedef unsigned __int128 u128;

#define K_MIN (-292)
#define K_MAX 324

static u128 powers[K_MAX - K_MIN + 1];

/* ---- exact powers of ten ---------------------------------------------------------------------- */

/* 10^324 has 1,077 bits; the divisions for negative k shift in 128 more. */
#define LIMBS 48
typedef struct {
    uint32_t limb[LIMBS]; /* least significant first */
} Big;

static void big_times_ten(Big *b)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t value = (uint64_t)b->limb[i] * 10 + carry;
        b->limb[i] = (uint32_t)value;
        carry = value >> 32;
    }
}

static int big_bits(const Big *b)
{
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (b->limb[i]) {
            return i * 32 + 32 - __builtin_clz(b->limb[i]);
        }
    }
    return 0;
}

static bool big_bit(const Big *b, int i)
{
    return (b->limb[i / 32] >> (i % 32)) & 1;
}

static int big_compare(const Big *a, const Big *b)
{
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

static void big_subtract(Big *a, const Big *b)
{
    int64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        int64_t value = (int64_t)a->limb[i] - b->limb[i] - borrow;
        borrow = value < 0;
        a->limb[i] = (uint32_t)value;
    }
}

static void big_double(Big *b)
{
    uint32_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint32_t top = b->limb[i] >> 31;
        b->limb[i] = (b->limb[i] << 1) | carry;
        carry = top;
    }
}

/* The upper 128 bits of 10^k, rounded up. */
static u128 top_bits(const Big *power)
{
    int bits = big_bits(power);
    u128 value = 0;
    for (int i = 0; i < 128; i++) {
        int bit = bits - 1 - i;
        value = (value << 1) | (bit >= 0 && big_bit(power, bit) ? 1 : 0);
    }
    for (int bit = bits - 129; bit >= 0; bit--) {
        if (big_bit(power, bit)) {
            return value + 1;
        }
    }
    return value;
}

/* 128 bits of 10^-k from 10^k by long division of a power of two, rounded up (never exact). */
static u128 top_bits_of_inverse(const Big *power)
{
    Big rest = {{0}};
    int bits = big_bits(power);
    rest.limb[(bits - 1) / 32] = 1u << ((bits - 1) % 32);
    u128 value = 0;
    for (int i = 0; i < 128; i++) {
        big_double(&rest);
        value <<= 1;
        if (big_compare(&rest, power) >= 0) {
            big_subtract(&rest, power);
            value |= 1;
        }
    }
    return value + 1;
}

static void fill_powers(void)
{
    Big power = {{1}};
    for (int k = 0; k <= K_MAX; k++) {
        powers[k - K_MIN] = top_bits(&power);
        if (k > 0 && -k >= K_MIN) {
            powers[-k - K_MIN] = top_bits_of_inverse(&power);
        }
        big_times_ten(&power);
    }
}

static inline u128 power_of_ten(int k)
{
    static gsize once;
    if (g_once_init_enter(&once)) {
        fill_powers();
        g_once_init_leave(&once, 1);
    }
    return powers[k - K_MIN];
}

/* ---- Schubfach ------------------------------------------------------------------------------- */

/* The upper 64 bits of g * cp, with "and something below" kept in the lowest one. */
static inline uint64_t round_to_odd(u128 g, uint64_t cp)
{
    u128 low = (u128)(uint64_t)g * cp;
    u128 high = (u128)(uint64_t)(g >> 64) * cp + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* Value c * 2^q; `at_power` when the neighbour below is half as far away as the one above. */
static EngineDecimal shortest(uint64_t c, int q, bool at_power)
{
    bool even = c % 2 == 0;
    uint64_t cbl = 4 * c - 2 + at_power, cb = 4 * c, cbr = 4 * c + 2;
    int k = (q * 1262611 - (at_power ? 524031 : 0)) >> 22; /* floor(log10 of the interval's width) */
    int h = q + ((-k * 1741647) >> 19) + 1;                /* q + floor(log2 10^-k) + 1 */
    u128 g = power_of_ten(-k);
    uint64_t vbl = round_to_odd(g, cbl << h), vb = round_to_odd(g, cb << h), vbr = round_to_odd(g, cbr << h);
    uint64_t lower = vbl + !even, upper = vbr - !even;
    uint64_t s = vb / 4;
    if (s >= 10) {
        uint64_t sp = s / 10;
        bool up_inside = lower <= 40 * sp, wp_inside = 40 * sp + 40 <= upper;
        if (up_inside != wp_inside) {
            return (EngineDecimal){sp + wp_inside, k + 1};
        }
    }
    bool u_inside = lower <= 4 * s, w_inside = 4 * s + 4 <= upper;
    if (u_inside != w_inside) {
        return (EngineDecimal){s + w_inside, k};
    }
    uint64_t mid = 4 * s + 2;
    bool up = vb > mid || (vb == mid && (s & 1));
    return (EngineDecimal){s + up, k};
}

/* Most reals that people keep are decimals of few places. Such a one, of 15 digits or fewer, that reads back
 * as `value` (both sides of the division are exact, so its result is the nearest double) is the only one of
 * that many digits that does, and so the shortest. False: it is no such decimal. */
#define FEW_PLACES       6
#define FEW_PLACES_SCALE 1e6
#define FEW_PLACES_BELOW 1e9

static inline bool of_few_places(double value, EngineDecimal *ret)
{
    if (!(value < FEW_PLACES_BELOW)) {
        return false;
    }
    uint64_t digits = (uint64_t)(value * FEW_PLACES_SCALE + 0.5);
    if (digits == 0 || (double)digits / FEW_PLACES_SCALE != value) {
        return false;
    }
    int exponent = -FEW_PLACES;
    if (digits % 1000 == 0) {
        digits /= 1000;
        exponent += 3;
    }
    while (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    *ret = (EngineDecimal){digits, exponent};
    return true;
}

/* Short decimals come out of 17 digits with many zeros at the end: eight at a time first. */
static EngineDecimal without_zeros(EngineDecimal d)
{
    while (d.digits % 100000000 == 0) { /* digits are never 0 */
        d.digits /= 100000000;
        d.exponent += 8;
    }
    if (d.digits % 10000 == 0) {
        d.digits /= 10000;
        d.exponent += 4;
    }
    if (d.digits % 100 == 0) {
        d.digits /= 100;
        d.exponent += 2;
    }
    if (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent += 1;
    }
    return d;
}

EngineDecimal engine_int_shortest_double(double value)
{
    EngineDecimal few;
    if (of_few_places(fabs(value), &few)) {
        return few;
    }
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52) & 0x7ff;
    uint64_t c = exponent ? fraction | UINT64_C(1) << 52 : fraction;
    int q = (exponent ? exponent : 1) - 1075;
    if (q <= 0 && q > -53 && (c & ((UINT64_C(1) << -q) - 1)) == 0) {
        return without_zeros((EngineDecimal){c >> -q, 0}); /* an integer below 2^53 */
    }
    return without_zeros(shortest(c, q, fraction == 0 && exponent > 1));
}

EngineDecimal engine_int_shortest_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t fraction = bits & ((1u << 23) - 1);
    int exponent = (int)(bits >> 23) & 0xff;
    uint64_t c = exponent ? fraction | 1u << 23 : fraction;
    int q = (exponent ? exponent : 1) - 150;
    if (q <= 0 && q > -24 && (c & ((UINT64_C(1) << -q) - 1)) == 0) {
        return without_zeros((EngineDecimal){c >> -q, 0});
    }
    return without_zeros(shortest(c, q, fraction == 0 && exponent > 1));
}
