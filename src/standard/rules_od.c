/* Rules of section III.1: OD. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_od[] = {
    STANDARD_CHECKS_END,
};
