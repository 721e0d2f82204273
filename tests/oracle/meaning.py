"""All names that the NumPy text of a statement may use."""

import numerics
import reference

ALL = {**vars(reference), **vars(numerics)}
