-- The seed that configuration is checked against and the facts that rules can really use are the same list.
{%- set listed = lifecycle_facts() %}
with
usable as (
    {% for fact in listed %}
    select '{{ fact }}' as fact
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select coalesce(usable.fact, seeded.fact) as fact
from usable
full outer join {{ ref('lifecycle_facts') }} as seeded on usable.fact = seeded.fact
where usable.fact is null or seeded.fact is null
