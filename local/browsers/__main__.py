"""Find or install a Chromium for the tests of the studio: ``python -m local.browsers``."""

import os
import sys

from local.browsers.chromium import WITHOUT, install

if install(os.environ) is None:
    print(WITHOUT, file=sys.stderr)
