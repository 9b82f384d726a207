/* Rules of section III.2: DM. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_dm[] = {
    STANDARD_CHECKS_END,
};
