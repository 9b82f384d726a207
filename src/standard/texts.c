/* The words of every rule: what it asks, an example of what breaks it, what to do. */
#include "standard/standard_int.h"

const StandardRuleWords standard_rule_words[STANDARD_N_RULES] = {
#define T(rule, statement_en, statement_zh, example_en, example_zh, fix_en, fix_zh)                          \
    [STANDARD_##rule] = {{statement_en, statement_zh}, {example_en, example_zh}, {fix_en, fix_zh}},
#include "standard/texts_1.h"
#include "standard/texts_2.h"
#include "standard/texts_3.h"
#include "standard/texts_4.h"
#include "standard/texts_ex.h"
#undef T
};
