/* Rules of section II.2 to II.4: TY, RD, NU. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_ty[] = {
    STANDARD_CHECKS_END,
};
