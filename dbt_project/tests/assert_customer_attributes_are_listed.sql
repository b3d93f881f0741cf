-- The seed that configuration is checked against and the attributes that segments can really use are the same list.
{%- set listed = ['tier'] + customer_attributes() %}
with
usable as (
    {% for attribute in listed %}
    select '{{ attribute }}' as attribute
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select coalesce(usable.attribute, seeded.attribute) as attribute
from usable
full outer join {{ ref('customer_attributes') }} as seeded on usable.attribute = seeded.attribute
where usable.attribute is null or seeded.attribute is null
