"""A sum on the device that the environment names."""

import os

DEVICE = os.environ.get("CLINIC_DEVICE", "cpu")


def sum_is_exact():
    """The sum of small integers is exact."""
    assert sum(range(10)) == 45, DEVICE


if __name__ == "__main__":
    sum_is_exact()
