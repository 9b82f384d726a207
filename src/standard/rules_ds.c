/* Rules of section III.4: DS. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_ds[] = {
    STANDARD_CHECKS_END,
};
