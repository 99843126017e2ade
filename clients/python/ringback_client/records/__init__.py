"""What the API answers, as frozen records.

Fields that this version doesn't know are left out. Moments are aware, lengths in bytes, prices in
credits. A status that is not in ``FINAL`` counts as under way, also one that is new.
"""
