select rules
from {{ source('ledger', 'rules') }}
