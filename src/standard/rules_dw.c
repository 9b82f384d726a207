/* Rules of section III.3: DW. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_dw[] = {
    STANDARD_CHECKS_END,
};
