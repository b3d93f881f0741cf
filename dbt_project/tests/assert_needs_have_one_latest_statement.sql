-- A customer's field has one latest statement; one of each value where it has several.
select
    needs.customer_key,
    needs.field_id
from {{ ref('fct_customer_needs') }} as needs
inner join {{ ref('stg_settings__need_fields') }} as fields on needs.field_id = fields.field_id
group by needs.customer_key, needs.field_id, case when fields.has_several then needs.need_value end
having count(*) filter (where needs.is_latest) <> 1
