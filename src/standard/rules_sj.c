#include "standard/standard_int.h"

const StandardCheck standard_checks_sj[] = {
    STANDARD_CHECKS_END,
};
