select country, sum(revenue) as revenue
from {{ ref('customer_revenue') }}
where revenue > {{ var('least', 0) }}
group by country
