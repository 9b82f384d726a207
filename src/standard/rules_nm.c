#include "standard/standard_int.h"

const StandardCheck standard_checks_nm[] = {
    STANDARD_CHECKS_END,
};
