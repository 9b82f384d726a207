select
{% for status in ['paid', 'open'] %}
    sum(case when status = '{{ status }}' then 1 end) as {{ status }}_n,
{% endfor %}
    1 as one
from {{ ref('stg_orders') }}
