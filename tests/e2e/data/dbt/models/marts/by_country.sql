select c.name as country, count(*) as n_orders, sum(p.amount) as amount
from {{ ref('eph_paid') }} p
join {{ ref('jaffle', 'country_codes') }} c on c.code = p.country_code
where p.amount > {{ var('least', 0) }}
group by 1
