select customer_id, count(*) as n_versions, count(dbt_valid_to) as n_closed
from {{ ref('customers_snapshot') }}
group by customer_id
