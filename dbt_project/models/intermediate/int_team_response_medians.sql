{{ kaplan_meier(ref('int_leads_answered'), ['team'], 'waited_hours', 'is_answered', [0.5]) }}
