#include "standard/standard_int.h"

const StandardCheck standard_checks_pr[] = {
    STANDARD_CHECKS_END,
};
