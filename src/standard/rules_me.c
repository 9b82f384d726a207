/* Rules of section II.5: ME. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_me[] = {
    STANDARD_CHECKS_END,
};
