select source
from {{ source('settings', 'payment_sources') }}
