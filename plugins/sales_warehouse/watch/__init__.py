"""Step 9: tell people what the alert marts say, once for each incident; the marts decide, this only tells.

`incidents` is what pages and the command line call, `telling` what the refresh calls.
"""
