/* The subject of a table: as declared, else what its name says by the grammar. */
#include "standard/standard_int.h"

const char *standard_subject(const StandardTable *table)
{
    return *table->subject != '\0' ? table->subject : table->named_subject;
}

const char *standard_subject_placed(const StandardTable *table)
{
    return *standard_subject(table) != '\0' ? standard_subject(table) : table->placed_subject;
}

bool standard_same_subject(const StandardTable *a, const StandardTable *b)
{
    const char *left = standard_subject(a);
    return *left != '\0' && g_ascii_strcasecmp(left, standard_subject(b)) == 0;
}
