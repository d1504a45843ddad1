"""A whole small world over real HTTP and SMTP: Aiia, its login pages, banks with moods, bank reconciliation, a mailbox.

It knows the documented contracts (`facts/aiia-economic.md` §1, DESIGN §8) and nothing of forny's own code but the
model, so that it can be wrong on its own.
"""
