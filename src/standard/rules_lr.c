#include "standard/standard_int.h"

const StandardCheck standard_checks_lr[] = {
    STANDARD_CHECKS_END,
};
