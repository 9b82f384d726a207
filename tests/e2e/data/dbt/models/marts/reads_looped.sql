select * from {{ ref('looped') }}
