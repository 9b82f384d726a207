#include "standard/standard_int.h"

const StandardCheck standard_checks_nr[] = {
    STANDARD_CHECKS_END,
};
