-- The hash stands for the address, which is not published; it is of use only to who has the key.
select
    records.contact_record_key,
    records.source,
    records.contact_id,
    records.contact_key,
    coalesce(identities.match_rule, 'own_record') as match_rule,
    identities.contact_hash,
    identities.hash_key_id,
    identities.since,
    records.is_deleted
from {{ ref('int_contacts_identified') }} as records
left join {{ ref('stg_identity__contacts') }} as identities
    on records.source = identities.source and records.contact_id = identities.contact_id
