/* torn_write.c: the modes of torn_arm, and how a process that it ended can be told from others. */
#ifndef WEIR_TESTS_TORN_WRITE_H
#define WEIR_TESTS_TORN_WRITE_H

#include <stdint.h>

enum { TORN_KILL = 1, TORN_POWER, TORN_FULL, TORN_IN_PLACE = 16 };
#define TORN_EXIT 77

void torn_arm(long n, uint64_t seed, int mode);

#endif
