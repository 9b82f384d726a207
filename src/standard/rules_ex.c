#include "standard/standard_int.h"

const StandardCheck standard_checks_ex[] = {
    STANDARD_CHECKS_END,
};
