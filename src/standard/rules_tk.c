/* Rules of section II.6: TK. */
#include "standard/standard_int.h"

const StandardCheck standard_checks_tk[] = {
    STANDARD_CHECKS_END,
};
