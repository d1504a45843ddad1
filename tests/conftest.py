"""Shared settings of the tests."""

import os

from hypothesis import settings

# On CI the same examples each time: a red run must speak of the change. Elsewhere each run looks for new ones.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "search")
