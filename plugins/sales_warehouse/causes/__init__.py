"""Why a figure moved: the few cells behind it, and contributions that add up to the change."""
