/* Rules of section II.7: LC. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_lc[] = {
    STANDARD_CHECKS_END,
};
