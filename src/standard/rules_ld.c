#include "standard/standard_int.h"

const StandardCheck standard_checks_ld[] = {
    STANDARD_CHECKS_END,
};
